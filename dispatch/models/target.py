"""The person at risk, their numbers, and who else may reach them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from dispatch.identity import mask_id, mask_name
from telephony import numbers
from telephony.row import Row
from telephony.sealing import SealedTextField


class PhoneNumber(Row):
    """A number, once, whoever uses it. Its row is the lock under which its users are told apart."""

    number = SealedTextField(_("number"))
    index = models.CharField(max_length=64, unique=True, editable=False)
    by_page = models.BooleanField(_("takes no video call"), default=False, db_default=False)  # the page, then

    class Meta:
        verbose_name = _("phone number")
        verbose_name_plural = _("phone numbers")

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        return numbers.mask(self.number)


class Target(Row):
    """Same ID number, same person; different ID numbers on one phone, two people."""

    name = SealedTextField(_("name"), blank=True)
    id_number = SealedTextField(_("ID number"), blank=True)
    id_index = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  unknown
    sex = models.CharField(_("sex"), max_length=8, blank=True)
    birth_year = models.PositiveSmallIntegerField(_("year of birth"), null=True, blank=True)
    occupation = models.CharField(_("occupation"), max_length=64, blank=True)
    phones = models.ManyToManyField(PhoneNumber, through="dispatch.TargetNumber", related_name="targets")

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")

    def __str__(self) -> str:
        return self.masked_name

    @property
    def masked_name(self) -> str:
        return mask_name(self.name)

    @property
    def masked_id(self) -> str:
        return mask_id(self.id_number)


class TargetNumber(Row):
    """A number known to be a person's; the lowest position is called first."""

    target = models.ForeignKey(Target, models.PROTECT, related_name="numbers")
    phone = models.ForeignKey(PhoneNumber, models.PROTECT, related_name="uses")
    position = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ("position", "pk")
        constraints = [
            models.UniqueConstraint(name="dispatch_targetnumber_known_once", fields=["target", "phone"])
        ]

    def __str__(self) -> str:
        return str(self.phone)


class Contact(Row):
    """Another person who may reach the target: spouse, son, employer. Never counts as reaching them."""

    target = models.ForeignKey(Target, models.PROTECT, related_name="contacts", verbose_name=_("target"))
    name = SealedTextField(_("name"), blank=True)
    relation = models.CharField(_("relation"), max_length=32)
    number = SealedTextField(_("number"))
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def __str__(self) -> str:
        return f"{self.relation} {numbers.mask(self.number)}"
