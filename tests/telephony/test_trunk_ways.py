"""The trunk's ways out: TLS with certificates, connections kept and made again, servers found by name."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from telephony import clock
from telephony.carrier import CallKind, Dial
from telephony.naming import NameServer
from telephony.sip import message
from telephony.sip.fields import Aim, Hop, aim_of
from telephony.sip.location import Naptr, Srv, Target, locate, ordered
from telephony.sip.message import Request
from telephony.sip.plan import BadPlan, aims, read
from telephony.sip.transactions import answer_to
from telephony.streams import Streams, Tls
from telephony.trunk import Trunk
from tests.telephony.farends import CARRIER, SPARE, Net, refusing
from tests.telephony.samples import NUMBER

WITHIN = 20.0  # seconds
DOMAIN = "carrier.test"


def run(work: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(WITHIN):
            await work

    asyncio.run(bounded())


async def until(fits: Callable[[], bool]) -> None:
    """Other people's sockets have no event of ours."""
    while not fits():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


# ---- Certificates


class Authority:
    """Signs certificates, and keeps them as files."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._own = self._signed(name, self._key, ca=True)
        self.file = self._write("ca", self._own.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Tls:
        """For a host name, or an IP address; with this authority as the one that is trusted."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._signed(name, key).public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Tls(self.file, self._write(f"{name}.crt", made), self._write(f"{name}.key", private))

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, *, ca: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)  # noqa: TID251 - certificates are checked against the machine's clock
        host = x509.IPAddress(IPv4Address(name)) if name[0].isdecimal() else x509.DNSName(name)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([host]), critical=False)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, data: bytes) -> str:
        path = self.folder / f"{self.name}-{name}.pem"
        path.write_bytes(data)
        return str(path)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "authority")


class FarEnd:
    """A carrier's server on loopback: it answers requests, and empty lines while it is told to."""

    def __init__(self, tls: Tls | None) -> None:
        self.got: list[Request] = []
        self.versions: list[str] = []
        self.lines: list[asyncio.StreamWriter] = []
        self.asked = 0  # empty lines
        self.answers = True
        self._tls = tls
        self.port = 0

    async def open(self, *, most: ssl.TLSVersion | None = None) -> asyncio.Server:
        context = None
        if self._tls is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self._tls.certificate, self._tls.key)
            if most is not None:
                context.minimum_version = context.maximum_version = most
                context.set_ciphers("DEFAULT:@SECLEVEL=0")
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(writer)
        if self._tls is not None:
            self.versions.append(writer.get_extra_info("ssl_object").version())
        stream = b""
        try:
            while data := await reader.read(65_536):
                stream += data
                if stream.startswith(b"\r\n\r\n"):
                    self.asked += 1
                    if self.answers:
                        writer.write(b"\r\n")
                while stream.strip():
                    whole, stream = message.frame(stream)
                    if not whole:
                        break
                    request = message.read(whole)
                    if isinstance(request, Request):
                        self.got.append(request)
                        status = 202 if request.method == "MESSAGE" else 200
                        writer.write(bytes(answer_to(request, status, tag="theirs")))
                stream = stream.lstrip(b"\r\n")
        except OSError:
            pass
        finally:
            writer.close()


class Known:
    """Names and where they lead."""

    def __init__(
        self, *, naptr: list[Naptr] | None = None, srv: dict[str, list[Srv]] | None = None, **hosts: str
    ) -> None:
        self._naptr, self._srv, self._hosts = naptr or [], srv or {}, hosts

    async def naptr(self, name: str) -> list[Naptr]:
        return self._naptr if name == DOMAIN else []

    async def srv(self, name: str) -> list[Srv]:
        return self._srv.get(name, [])

    async def addresses(self, name: str) -> list[str]:
        return [self._hosts[name]] if name in self._hosts else []


def a_trunk(far: FarEnd, tls: Tls, *, port: int = 0) -> Trunk:
    plan = read({"trunk": f"sips:{DOMAIN}", "domain": DOMAIN, "ping": 0.3, "tls": {"ca": tls.ca}})
    names = Known(srv={f"_sips._tcp.{DOMAIN}": [Srv(0, 0, "sbc", far.port)]}, sbc="127.0.0.1")
    return Trunk(
        plan, clock=clock.wall, listen=Hop("127.0.0.1", port), address="", journal=None, tls=tls, keep_alive=0.1,
        names=names,
    )  # fmt: skip


def test_over_tls_the_carrier_is_asked_kept_alive_and_connected_to_again(authority: Authority) -> None:
    async def work() -> None:
        far = FarEnd(authority.issue(DOMAIN))
        server = await far.open()
        trunk = a_trunk(far, Tls(authority.file))
        ready = asyncio.Event()
        serving = asyncio.create_task(trunk.serve(ready.set))
        await ready.wait()
        await until(lambda: bool(far.got) and far.asked > 1)
        health = await asyncio.to_thread(trunk.health)
        assert health["ok"], health
        await asyncio.to_thread(lambda: trunk.send_text(key="a", number=NUMBER, body="hello"))
        (text,) = [request for request in far.got if request.method == "MESSAGE"]
        assert text.uri == f"sips:{NUMBER}@{DOMAIN};user=phone"
        assert text.get("via").startswith("SIP/2.0/TLS 127.0.0.1:5061;")
        assert len(far.lines) == 1
        assert set(far.versions) <= {"TLSv1.2", "TLSv1.3"}
        far.lines[0].close()  # they have restarted
        await until(lambda: len(far.lines) == 2)
        await until(lambda: far.asked > 4)
        far.answers = False  # they are there no more, and nobody says so
        await until(lambda: len(far.lines) == 3)
        await asyncio.to_thread(trunk.stop)
        await serving
        server.close()

    run(work())


def test_any_free_port_is_one_for_both_and_a_given_one_that_is_taken_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program may have TCP at the number that UDP was given."""
    taken: list[int] = []
    listen = Streams.listen

    async def takes_two(self: Streams, host: str, port: int, **kwargs: Any) -> None:
        if len(taken) < 2:
            taken.append(port)
            raise OSError(errno.EADDRINUSE, "address already in use")
        await listen(self, host, port, **kwargs)

    async def work() -> None:
        trunk = a_trunk(FarEnd(None), Tls(authority.file))
        with monkeypatch.context() as others:
            others.setattr(Streams, "listen", takes_two)
            await trunk.serve(trunk.stop)
        assert len({*taken, trunk.port}) == 3
        with socket.create_server(("127.0.0.1", 0)) as other:
            trunk = a_trunk(FarEnd(None), Tls(authority.file), port=other.getsockname()[1])
            with pytest.raises(OSError, match="in use"):
                await trunk.serve(trunk.stop)

    run(work())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_a_far_end_that_is_not_who_it_should_be_or_speaks_too_old_a_tls_hears_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    async def work() -> None:
        stranger = Authority(tmp_path, "stranger")
        for tls, most in (
            (authority.issue("other.test"), None),
            (stranger.issue(DOMAIN), None),
            (authority.issue(DOMAIN), ssl.TLSVersion.TLSv1_1),
        ):
            far, lost = FarEnd(tls), list[Hop]()
            server = await far.open(most=most)
            hop = Hop("127.0.0.1", far.port, "tls")
            streams = Streams(
                lambda *_: None, lost.append, names={hop: DOMAIN}, tls=Tls(authority.file), keep=0
            )
            streams.send(b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", hop)
            await until(lambda lost=lost: bool(lost))  # type: ignore[misc]
            assert (lost, far.got, far.lines) == ([hop], [], [])
            await streams.close()
            server.close()

    run(work())


def test_who_connects_over_tls_shows_a_certificate_and_has_its_empty_lines_answered(
    authority: Authority, tmp_path: Path
) -> None:
    async def work() -> None:
        came = list[bytes]()
        mine = authority.issue("127.0.0.1")
        streams = Streams(lambda data, _: came.append(data), lambda _: None, names={}, tls=mine, keep=0)
        await streams.listen("127.0.0.1", 0, secure=True)
        port = streams._servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=mine.client())
        asked = b"OPTIONS sip:a@b SIP/2.0\r\ncontent-length: 0\r\n\r\n"
        writer.write(b"\r\n\r\n" + asked)
        assert await reader.readexactly(2) == b"\r\n"
        await until(lambda: came == [asked])
        nobody = Tls(authority.file).client()
        reader, other = await asyncio.open_connection("127.0.0.1", port, ssl=nobody)
        other.write(asked)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        assert came == [asked]
        for line in (writer, other):
            line.close()
        await streams.close()

    run(work())


# ---- Names


@contextmanager
def told(*zone: str) -> Iterator[Callable[[], Awaitable[Hop]]]:
    """A name server on loopback that knows these records, each as a zone file has it."""
    known: dict[tuple[str, str], list[str]] = {}
    for record in zone:
        name, kind, data = record.split(" ", 2)
        known.setdefault((name, kind), []).append(data)

    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            question = dns.message.from_wire(data)
            asked = question.question[0]
            answer = dns.message.make_response(question)
            answer.flags |= dns.flags.AA
            kind = dns.rdatatype.to_text(asked.rdtype)
            if found := known.get((asked.name.to_text(omit_final_dot=True), kind)):
                answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *found))
            self.transport.sendto(answer.to_wire(), addr)

    opened: list[asyncio.BaseTransport] = []

    async def begin() -> Hop:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        opened.append(transport)
        return Hop("127.0.0.1", transport.get_extra_info("sockname")[1])

    yield begin
    for transport in opened:
        transport.close()


def test_a_name_leads_by_naptr_and_srv_to_addresses_as_a_name_server_tells() -> None:
    async def work() -> None:
        with told(
            f'{DOMAIN} NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp.{DOMAIN}.',
            f'{DOMAIN} NAPTR 90 50 "s" "SIP+D2U" "" _sip._udp.{DOMAIN}.',
            f"_sips._tcp.{DOMAIN} SRV 1 0 5061 one.test.",
            f"_sips._tcp.{DOMAIN} SRV 2 0 5071 two.test.",
            f"_sip._udp.{DOMAIN} SRV 0 0 5060 .",
            "one.test A 192.0.2.1",
            "two.test A 192.0.2.2",
        ) as begin:
            asked = NameServer(await begin())
            found = await locate(aim_of(f"sip:{DOMAIN}"), asked)
            assert ordered(found, Random(1)) == [
                Hop("192.0.2.1", 5061, "tls"),
                Hop("192.0.2.2", 5071, "tls"),
            ]
            assert await locate(aim_of("sip:nobody.test"), asked) == []

    run(work())


@pytest.mark.parametrize(
    ("said", "hops"),
    [
        ("sip:192.0.2.9", [Hop("192.0.2.9")]),
        ("sips:192.0.2.9", [Hop("192.0.2.9", 5061, "tls")]),
        ("sip:host:5070", [Hop("192.0.2.1", 5070)]),
        ("sip:host:5071;transport=tls", [Hop("192.0.2.1", 5071, "tls")]),
        ("sip:host", [Hop("192.0.2.1")]),
        ("sip:host;transport=tcp", [Hop("192.0.2.1", 5060, "tcp")]),
        (f"sip:{DOMAIN}", [Hop("192.0.2.1", 5080, "tcp")]),
        (f"sips:{DOMAIN}", [Hop("192.0.2.1", 5061, "tls")]),
        (f"sip:{DOMAIN};transport=tls", [Hop("192.0.2.1", 5061, "tls")]),
        ("sip:unknown", []),
    ],
)
def test_what_is_written_says_what_is_looked_up(said: str, hops: list[Hop]) -> None:
    records = {
        f"_sip._tcp.{DOMAIN}": [Srv(0, 0, "host", 5080)],
        f"_sips._tcp.{DOMAIN}": [Srv(0, 0, "host", 5061)],
    }
    names = Known(srv=records, host="192.0.2.1")
    assert ordered(asyncio.run(locate(aim_of(said), names)), Random(1)) == hops


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=7), st.randoms(use_true_random=False)
)
def test_every_server_is_tried_once_and_the_preferred_first(
    said: list[tuple[int, int]], chance: Random
) -> None:
    targets = [Target((Hop("h", n + 1),), priority, weight) for n, (priority, weight) in enumerate(said)]
    drawn = ordered(targets, chance)
    assert sorted(hop.port for hop in drawn) == [n + 1 for n in range(len(said))]
    priorities = [said[hop.port - 1][0] for hop in drawn]
    assert priorities == sorted(priorities)


def test_of_one_priority_the_heavier_comes_first_more_often() -> None:
    targets, chance = [Target((Hop("h", w),), 0, w) for w in (1, 3)], Random(7)
    first = [ordered(targets, chance)[0].port for _ in range(1000)]
    assert 650 < first.count(3) < 850


@pytest.mark.parametrize("carrier", ["full", "silent"])
def test_the_next_server_of_a_name_takes_the_call(carrier: str) -> None:
    net = Net(trunk="carrier.test")
    net.agent.located(Aim("carrier.test").hop(), [Target((CARRIER,), 0), Target((SPARE,), 1)])
    if carrier == "full":
        net.carrier.default = refusing(503, after=0.1)
    else:
        net.gone.add(CARRIER)
    net.agent.place(_dial())
    net.run(60)
    assert "INVITE" in net.spare.methods()
    assert net.agent.health()["ways"]["carrier.test:5060"]["answers"]


def _dial() -> Dial:
    return Dial("k", NUMBER, CallKind.VOICE, clock.wall(), desk="1001")


def test_tls_needs_an_authority_and_a_transport_must_be_known() -> None:
    with pytest.raises(BadPlan, match="SIP_TLS_CA"):
        read({"trunk": "sips:carrier.test"})
    with pytest.raises(BadPlan, match="sctp"):
        aims("10.0.0.1;transport=sctp")
