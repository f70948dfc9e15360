"""Settings, all from the environment; with none set it runs as a try-out: SQLite, one process, no Redis."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from warning_center import keys

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(env.str("WARNING_CENTER_HOME", default=str(BASE_DIR / "var")))  # the try-out's database and keys

_keys = keys.read(dict(os.environ), HOME)
SECRET_KEY = _keys["secret"]
SEALING_KEYS = _keys["sealing"]
INDEX_KEY = _keys["index"]

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "warning_center",
    "dispatch",
    "telephony",
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it dresses
    "warning_center.apps.OwnAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_fsm",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "warning_center.login.SecondFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "warning_center.urls"
WSGI_APPLICATION = "warning_center.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "warning_center.health.on_pages",
            ],
        },
    },
]

# The admin's theme; its colours are the tokens of center.css, so light and dark are the same everywhere.
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Warning Center"),
    "SITE_HEADER": _("Warning Center"),
    "SHOW_HISTORY": False,  # the record is the history
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "base": {
            "50": "#f3f5f8",
            "100": "#e9f0f8",
            "200": "#d8dee6",
            "300": "#c3ccd6",
            "400": "#a4b0be",
            "500": "#556170",
            "600": "#3b4654",
            "700": "#323d4a",
            "800": "#233040",
            "900": "#1b222b",
            "950": "#12171d",
        },
        "primary": {
            "50": "#e9f0f8",
            "100": "#d3e3f4",
            "200": "#a9c9ea",
            "300": "#86bbf3",
            "400": "#5b95d3",
            "500": "#3a79bd",
            "600": "#1b5a9e",
            "700": "#164a82",
            "800": "#123c69",
            "900": "#0f3154",
            "950": "#0a2038",
        },
        "font": {
            "subtle-light": "#556170",
            "subtle-dark": "#a4b0be",
            "default-light": "#1b2430",
            "default-dark": "#e5ebf2",
            "important-light": "#1b2430",
            "important-dark": "#e5ebf2",
        },
    },
}

# The database is the truth.
_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "cached_statements": 1024,  # the default keeps 128 of some 300 that go round for ever
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
# Whoever asks a server that is gone, or whose packets are lost, learns it within half a minute: the system's own
# limits are a quarter of an hour, and hours.
_POSTGRESQL = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,  # milliseconds that what was sent may stay unacknowledged
    "keepalives_idle": 10,  # seconds of silence before the first question whether it is there
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
DATABASES: dict[str, Any] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{HOME / 'center.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"] |= {"ENGINE": "telephony.sqlite3", "OPTIONS": _SQLITE}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = _POSTGRESQL | DATABASES["default"].get("OPTIONS", {})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "dispatch.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
SECOND_FACTOR = env.str("SECOND_FACTOR", default="off")  # "required": of all who may open the centre's pages
if SECOND_FACTOR not in ("off", "required"):
    raise ImproperlyConfigured(f"SECOND_FACTOR: off or required, not {SECOND_FACTOR!r}")
LOGIN_REDIRECT_URL = "home"

# Celery only carries out. Redis is disposable.
REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or "memory://localhost//"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"visibility_timeout": 60, "socket_connect_timeout": 2} if REDIS_URL else {"polling_interval": 0.05}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long the broker is gone: by default workers give up
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "warning_center.tasks:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(HOME / "beat")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "dial": {"task": "telephony.tasks.connect", "schedule": 1.0, "options": {"expires": 5}},
    "dispatch": {"task": "dispatch.tasks.tick", "schedule": 1.0, "options": {"expires": 5}},
    "telephony": {"task": "telephony.tasks.tick", "schedule": 1.0, "options": {"expires": 5}},
    "report": {"task": "warning_center.tasks.report", "schedule": 30.0, "options": {"expires": 30}},
    "count": {"task": "warning_center.tasks.count", "schedule": 5.0, "options": {"expires": 10}},
    "sweep": {"task": "warning_center.tasks.sweep", "schedule": 10.0, "options": {"expires": 10}},
}
# Dialling stands in a queue of its own, so that a worker of its own (-Q dial) waits for nothing else, not even for a
# carrier that answers slowly. What takes long and can wait (reports, counting everything anew) stands in `slow`, and
# one process does one such thing at a time. Without -Q a worker takes from all of them.
CELERY_TASK_ROUTES = {
    "telephony.tasks.connect": {"queue": "dial"},
    "dispatch.tasks.tick": {"queue": "cases"},
    "telephony.tasks.tick": {"queue": "line"},
    "warning_center.tasks.count": {"queue": "figures"},
    "warning_center.tasks.report": {"queue": "slow"},
    "warning_center.tasks.sweep": {"queue": "slow"},
}
QUEUES: list[str] = env.list("QUEUES", default=["dial", "cases", "line", "figures", "slow"])
CELERY_TASK_QUEUES = [Queue(_name) for _name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = "cases"
for _queue in QUEUES:  # each answers for itself
    CELERY_BEAT_SCHEDULE[f"queue:{_queue}"] = {
        "task": "warning_center.tasks.answer",
        "schedule": 5.0,
        "options": {"queue": _queue, "expires": 5},  # no longer than the ticks: or they alone would be read
    }
CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# What the watchdog allows, in seconds, or in pieces where pieces are counted; those of cases, calls and orders are
# the program's seconds. WATCHDOG_ALLOWANCES="overdue_low=300,redis=2" changes single ones.
WATCHDOG_ALLOWANCES: dict[str, float] = {
    "database": 1,  # until it answers
    "redis": 1,
    "carrier": 1,  # until the process of a carrier of our own (the SIP trunk) says that it is well
    "clocks": 5,  # that those of a host and of the database are apart
    "pulse": 30,  # since the last one, beside three of its periods
    "case_without_due": 0,
    "attempt_without_due": 0,
    "overdue_critical": 15,
    "overdue_high": 30,
    "overdue_medium": 60,
    "overdue_low": 120,
    "failed_turn": 0,  # cases of which a turn has failed in the last ten minutes; it is tried again every five
    "silent_call": 30,  # on the line, after the moment the carrier was to be asked
    "stale_call": 60,  # booked, after the moment it may no longer be dialled
    "unmanned_call": 60,  # due, while no desk that serves their part is signed in
    "narrow_trunk": 0,  # trunks of one line whose carrier rings the operator over a second one
    "unknown_code": 5,  # calls of the last hour that ended with a code no result table knows
    "overdue_order": 60,
    "untended": 300,  # texts, legs, links and news, after the moment they were to be seen to
    "agreement": 0,  # cases of the sample whose rows contradict each other
}
for _name, _allowed in env.dict("WATCHDOG_ALLOWANCES", default={}).items():
    if _name not in WATCHDOG_ALLOWANCES:
        raise ImproperlyConfigured(f"WATCHDOG_ALLOWANCES: nothing is called {_name!r}")
    WATCHDOG_ALLOWANCES[_name] = float(_allowed)
HEALTH_TOKEN = env.str("HEALTH_TOKEN", default="")  # who shows it at /health/ sees the measures
HEARTBEAT_URL = env.str(
    "HEARTBEAT_URL", default=""
)  # posted to while all is well; it must miss us when we are gone
ALARM_URL = env.str("ALARM_URL", default="")  # posted to when something breaks or mends
VITALS_KEPT_FOR = 5.0  # seconds for which pages, and /health/, believe what they last saw

# One clock for the whole program. START, ANCHOR and SPEED serve the scaled clock only.
CLOCK = env.str("CLOCK", default="telephony.clock.wall")
CLOCK_START = datetime.fromisoformat(env.str("CLOCK_START", default="2026-03-02T09:00:00+08:00"))
CLOCK_ANCHOR = datetime.fromisoformat(env.str("CLOCK_ANCHOR", default=CLOCK_START.isoformat()))
CLOCK_SPEED = env.float("CLOCK_SPEED", default=1.0)

# Who carries calls: a trunk names one of these.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")
CARRIERS: dict[str, dict[str, Any]] = {
    "simulated": {"adapter": "telephony.carriers.simulated.SimulatedCarrier"},
}
if env.str("NETWORK_URL", default=""):  # the simulated network as a process of its own (`manage.py carrier`)
    CARRIERS["simulated"] = {
        "adapter": "telephony.carriers.remote.RemoteCarrier",
        "url": env.str("NETWORK_URL"),
        "secret": env.str("NETWORK_SECRET"),
    }
SIP: dict[str, Any] = {
    "trunk": env.str("SIP_TRUNK", default=""),  # ways to the carrier: host:port, host:port;transport=tcp
    "desks": env.str("SIP_DESKS", default=""),  # ways to the exchange of our own phones
    "domain": env.str("SIP_DOMAIN", default=""),
    "announcer": env.str("SIP_ANNOUNCER", default=""),
    "caller_id": env.str("SIP_CALLER_ID", default="96110"),
    "numbers": env.str("SIP_NUMBERS", default="e164"),
    "asserted": env.bool("SIP_ASSERTED", default=True),
    "user": env.str("SIP_USER", default=""),
    "password": env.str("SIP_PASSWORD", default=""),
    "desk_user": env.str("SIP_DESK_USER", default=""),
    "desk_password": env.str("SIP_DESK_PASSWORD", default=""),
    "session": env.int("SIP_SESSION", default=1800),
    "ping": env.float("SIP_PING", default=30.0),
    "limits": {name: float(said) for name, said in env.dict("SIP_LIMITS", default={}).items()},
    "times": {name: float(said) for name, said in env.dict("SIP_TIMES", default={}).items()},
    "listen": env.str("SIP_LISTEN", default="0.0.0.0:5060"),
    "address": env.str("SIP_ADDRESS", default=""),
    "journal": env.str("SIP_JOURNAL", default=str(HOME / "trunk.journal")),
    "tls": {
        "ca": env.str("SIP_TLS_CA", default=""),
        "certificate": env.str("SIP_TLS_CERTIFICATE", default=""),
        "key": env.str("SIP_TLS_KEY", default=""),
        "listen": env.str("SIP_TLS_LISTEN", default=""),
    },
    "keep_alive": env.float("SIP_KEEP_ALIVE", default=25.0),
    "dns": env.str("SIP_DNS", default=""),
}
if SIP["trunk"]:  # the trunk is a process of its own (`manage.py trunk`)
    CARRIERS["sip"] = {
        "adapter": "telephony.carriers.remote.RemoteCarrier",
        "url": env.str("TRUNK_URL", default="http://127.0.0.1:8901"),
        "secret": env.str("TRUNK_SECRET"),
    }
# Video by a page in the phone's browser: the relay (`manage.py relay`) may stand outside, and is asked from inside.
VIDEO: dict[str, Any] = {
    "stun": env.list("VIDEO_STUN", default=[]),  # stun:host:port
    "turn": env.list("VIDEO_TURN", default=[]),  # turn:host:3478?transport=udp,turns:host:443?transport=tcp
    "secret": env.str("VIDEO_TURN_SECRET", default=""),  # coturn's static-auth-secret
    "forced": env.bool("VIDEO_TURN_ONLY", default=False),  # never straight from browser to browser
}
RELAY_SECRET = env.str("RELAY_SECRET", default="")
if RELAY_SECRET:
    RELAY_URL = env.str("RELAY_URL", default="http://127.0.0.1:8902")
    CARRIERS["page"] = {
        "adapter": "telephony.carriers.page.PageCarrier",
        "url": RELAY_URL,
        "secret": RELAY_SECRET,
        "public": env.str(
            "RELAY_PUBLIC_URL", default=RELAY_URL
        ),  # as phones and operators' browsers reach it
    }
# Accounts at Twilio: TWILIO_… is the carrier "twilio", TWILIO_2_… "twilio-2", TWILIO_3_… "twilio-3". PUBLIC_URL is the
# address at which Twilio reaches us, whatever a proxy makes of it: callbacks are signed over it.
for _prefix, _carrier in (("TWILIO", "twilio"), ("TWILIO_2", "twilio-2"), ("TWILIO_3", "twilio-3")):
    if env.str(f"{_prefix}_ACCOUNT_SID", default=""):
        CARRIERS[_carrier] = {
            "adapter": "telephony.carriers.twilio.TwilioCarrier",
            "name": _carrier,
            "account_sid": env.str(f"{_prefix}_ACCOUNT_SID"),
            "auth_token": env.str(f"{_prefix}_AUTH_TOKEN"),
            "previous_auth_token": env.str(f"{_prefix}_PREVIOUS_AUTH_TOKEN", default=""),  # while tokens turn
            "caller_id": env.str(f"{_prefix}_CALLER_ID"),
            "base_url": env.str(f"{_prefix}_BASE_URL", default=""),  # of `manage.py practice_carrier`
            "languages": env.list(f"{_prefix}_LANGUAGES", default=["zh-CN"]),
            "callback_base": PUBLIC_URL,
        }
if env.str("TWILIO_VIDEO_API_KEY", default=""):  # video rooms at the first of these accounts
    CARRIERS["twilio-video"] = {
        "adapter": "telephony.carriers.twilio.video.TwilioVideoCarrier",
        "account_sid": env.str("TWILIO_ACCOUNT_SID"),
        "auth_token": env.str("TWILIO_AUTH_TOKEN"),
        "previous_auth_token": env.str("TWILIO_PREVIOUS_AUTH_TOKEN", default=""),
        "api_key": env.str("TWILIO_VIDEO_API_KEY"),
        "api_secret": env.str("TWILIO_VIDEO_API_SECRET"),
        "base_url": env.str("TWILIO_BASE_URL", default=""),
        "callback_base": PUBLIC_URL,
    }

# What reports are printed in: a TrueType font that has Chinese; Debian's fonts-wqy-microhei brings this one.
REPORT_FONT = env.str("REPORT_FONT", default="/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")

PHOTOS = Path(
    env.str("PHOTOS", default=str(HOME / "photos"))
)  # from visits, sealed; never under a web server's root
PUSHES = env.int(
    "PUSHES", default=3
)  # officers' phones that one process keeps a line open to; the others poll

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "warning_center" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"  # what pages show; the database holds UTC

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = True

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["warning_center.api.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "warning_center.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Warning Center",
    "DESCRIPTION": "预警指令的接收与外勤。Directives in, and the officers' work in the field.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "warning_center.api.schema.absent_fields",
        "warning_center.api.schema.problem_answers",
    ],
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=False)
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}

# The source under which directives from a file arrive, unless a row names another.
DEMONSTRATION_SOURCE = env.str("DEMONSTRATION_SOURCE", default="national")
