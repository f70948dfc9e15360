"""The officers' addresses, under /api/v1/field/."""

from django.urls import path

from dispatch.field import changes, photos, signing, steps, views

urlpatterns = [
    path("token", signing.TokenView.as_view(), name="field-token"),
    path("token/renew", signing.RenewView.as_view(), name="field-renew"),
    path("devices", signing.DevicesView.as_view(), name="field-devices"),
    path("devices/<int:device>", signing.DeviceView.as_view(), name="field-device"),
    path("form", views.FormView.as_view(), name="field-form"),
    path("colleagues", views.ColleaguesView.as_view(), name="field-colleagues"),
    path("changes", changes.ChangesView.as_view(), name="field-changes"),
    path("stream", changes.StreamView.as_view(), name="field-stream"),
    path("visits", views.VisitsView.as_view(), name="field-visits"),
    path("visits/<int:visit>", views.VisitView.as_view(), name="field-visit"),
    path("visits/<int:visit>/acknowledge", steps.AcknowledgeView.as_view(), name="field-acknowledge"),
    path("visits/<int:visit>/set-out", steps.SetOutView.as_view(), name="field-set-out"),
    path("visits/<int:visit>/arrive", steps.ArriveView.as_view(), name="field-arrive"),
    path("visits/<int:visit>/identify", steps.IdentifyView.as_view(), name="field-identify"),
    path("visits/<int:visit>/report", steps.ReportView.as_view(), name="field-report"),
    path("visits/<int:visit>/doorstep", steps.DoorstepView.as_view(), name="field-doorstep"),
    path("visits/<int:visit>/people", steps.PeopleView.as_view(), name="field-people"),
    path("visits/<int:visit>/order", steps.OrderView.as_view(), name="field-order"),
    path("visits/<int:visit>/note", steps.NoteView.as_view(), name="field-note"),
    path("visits/<int:visit>/hand-back", steps.HandBackView.as_view(), name="field-hand-back"),
    path("visits/<int:visit>/reinforce", steps.ReinforceView.as_view(), name="field-reinforce"),
    path("visits/<int:visit>/reassign", steps.ReassignView.as_view(), name="field-reassign"),
    path("visits/<int:visit>/seen", steps.SeenView.as_view(), name="field-seen"),
    path("visits/<int:visit>/photos", photos.PhotosView.as_view(), name="field-photos"),
    path("visits/<int:visit>/photos/<uuid:key>", photos.PhotoView.as_view(), name="field-photo"),
]
