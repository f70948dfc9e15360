"""What the description of the sources' door shows: an invented directive, whole and at its least."""

from drf_spectacular.utils import OpenApiExample

WHOLE = {
    "reference": "MM-20260302-101",
    "issued_at": "2026-03-02T08:30:00+08:00",
    "fraud_type": "冒充公检法及政府机关",
    "level": "high",
    "phone": "190 0000 0101",
    "name": "张玉芬",
    "id_number": "44090219770915998X",
    "age": 48,
    "sex": "female",
    "occupation": "职员",
    "location": {
        "lat": 21.64734,
        "lon": 110.92203,
        "adcode": "440902",
        "address": "广东省茂名市茂南区文光三路18号",
    },
    "amount": "300000.00",
    "signs": {"on_call_seconds": 5400, "screen_shared": True},
}
LEAST = {
    "reference": "MM-20260302-102",
    "issued_at": "2026-03-02T08:31:15+08:00",
    "fraud_type": "刷单返利",
    "phone": "190 0000 0102",
}
# Of each the description of the batch makes an array of one.
DIRECTIVES = [
    OpenApiExample("directive", WHOLE, summary="完整指令 / whole", request_only=True),
    OpenApiExample("least", LEAST, summary="最少内容 / at its least", request_only=True),
]
