"""紧急止付: an urgent request to a bank to hold a scam account."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dispatch.models.choices import choices
from dispatch.vocabulary import OPEN_ORDERS, OrderState
from telephony.row import Row
from telephony.sealing import SealedTextField

_OPEN = [s.value for s in OPEN_ORDERS]


class OrderQuerySet(models.QuerySet["Order"]):
    def open(self) -> "OrderQuerySet":
        return self.filter(state__in=_OPEN)


class Order(Row):
    """Drafted by the chain or a person, submitted by a person, answered by the bank within its deadline."""

    class Kind(models.TextChoices):
        STOP_PAYMENT = "stop_payment", _("stop payment")

    case = models.ForeignKey("dispatch.Case", models.PROTECT, related_name="orders", verbose_name=_("case"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.STOP_PAYMENT)
    state = models.CharField(
        _("state"), max_length=12, choices=choices(OrderState), default=OrderState.DRAFTED
    )
    drafted_at = models.DateTimeField(_("drafted"))
    due_at = models.DateTimeField(_("answered by"))
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=16, decimal_places=2, null=True, blank=True)
    held = models.DecimalField(_("held by the bank"), max_digits=16, decimal_places=2, null=True, blank=True)
    bank = models.CharField(_("bank"), max_length=64, blank=True)
    account = SealedTextField(_("scam account"), blank=True)
    holder_name = SealedTextField(_("account holder"), blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("stop-payment order")
        verbose_name_plural = _("stop-payment orders")
        constraints = [
            models.CheckConstraint(
                name="dispatch_order_open_has_not_ended",
                condition=Q(state__in=_OPEN, ended_at=None)
                | (~Q(state__in=_OPEN) & Q(ended_at__isnull=False)),
            ),
            models.UniqueConstraint(
                name="dispatch_order_one_open_per_case_and_kind",
                fields=["case", "kind"],
                condition=Q(state__in=_OPEN),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state__in=_OPEN), name="dispatch_order_due")]

    @property
    def awaits_answer(self) -> bool:
        """Whether it went to the bank, which has not answered yet; after the deadline it still may."""
        return self.submitted_at is not None and self.state in (OrderState.SUBMITTED, OrderState.UNANSWERED)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_state_display()}"
