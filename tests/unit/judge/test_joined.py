# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All views joined into findings: one cause takes what it explains, everything else stays, and nothing becomes better."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from _gate.judge.diagnosis import Views
from _gate.judge.finding import FAIL, OUTCOMES, PASS, UNKNOWN, WARN, Finding
from _gate.judge.joined import join_views_of_server
from _gate.judge.verdict import reach_verdict
from _gate.judge.weight import worst
from _gate.listeners.evidence import Listener, ListenersEvidence, Owner, Published
from _gate.names.sensor import NO_SUCH_NAME, NameEvidence
from _gate.wire import evidence as seen
from judge_samples import good, service, vantage

HOST = "mail.example.org"
V4, V6 = "203.0.113.10", "2001:db8::10"
MASTER = Owner(7, "master", (), "root", "postfix@-.service")
IMAPS = service("imaps")
STATES = (seen.OPEN, seen.REFUSED, seen.TIMED_OUT, seen.UNREACHABLE, seen.RESET, seen.NOT_TRIED)


def listener(address="0.0.0.0", families=("ipv4",), port=993, owner=MASTER, **facts):
    return Listener("tcp", address, port, families, owners=(owner,), **facts)


def port(address=V4, state=seen.OPEN, **facts):
    return good("imaps", address=address, family="ipv6" if ":" in address else "ipv4", state=state, **facts)


def looked(name, *ports, itself=False):
    return vantage(name, *ports, services=(IMAPS,), itself=itself)


def filtered(families=(), outcome=None, cause="closed by the policy"):
    outcome = outcome or (FAIL if families else PASS)
    check = "firewall.undecided" if outcome == UNKNOWN else "firewall.missing-opening"
    if outcome == PASS:
        return Finding(check, HOST, 993, "imaps", PASS)
    return Finding(check, HOST, 993, "imaps", outcome, (), "open", "closed", cause, "open it", families=families)


BOTH = ListenersEvidence((listener(), listener("::", ("ipv6",), v6only=True)), addresses=(V4, V6))
FINE = Views(
    host=HOST,
    own=(V4, V6),
    listeners=BOTH,
    filter_findings=(filtered(),),
    vantages=(looked("controller", port(), port(V6)),),
    name=NameEvidence(HOST, (V4, V6)),
)


def told(views, **more):
    """Check, outcome and cause by name of what does not pass."""
    found = join_views_of_server([IMAPS], views, **more)
    return sorted((each.check, each.outcome, each.diagnosis) for each in found if each.outcome != PASS)


def one(views):
    (finding,) = [each for each in join_views_of_server([IMAPS], views) if each.outcome != PASS]
    return finding


def test_all_is_well_and_what_passed_is_told_once():
    found = join_views_of_server([IMAPS], replace(FINE, vantages=(*FINE.vantages, looked("office", port(), port(V6)))))
    assert {each.outcome for each in found} == {PASS}
    places = [(each.check, each.port, each.service) for each in found]
    assert len(places) == len(set(places))
    assert {"server.name", "server.listening", "server.views", "mail.reachable"} <= {check for check, _p, _s in places}


def test_what_the_client_sees_is_folded_into_what_does_not_listen():
    finding = one(
        replace(
            FINE,
            listeners=ListenersEvidence((listener("127.0.0.1"),), addresses=(V4, V6)),
            vantages=(looked("controller", port(state=seen.REFUSED), port(V6, state=seen.REFUSED)),),
        )
    )
    assert (finding.check, finding.outcome, finding.diagnosis) == ("server.listening", FAIL, "listen.loopback")
    assert finding.addresses == (V4, V6)
    assert "listens on 127.0.0.1 only" in finding.cause
    assert finding.cause.endswith("a client sees: refused")
    assert finding.settles == "ss -ltnp 'sport = :993'"


def test_the_filters_finding_carries_the_cause_and_its_own_remedy():
    shut = looked("controller", port(), port(V6, state=seen.TIMED_OUT))
    finding = one(replace(FINE, filter_findings=(filtered(("ipv6",)),), vantages=(shut,)))
    assert (finding.check, finding.diagnosis, finding.fix) == ("firewall.missing-opening", "filter.drops", "open it")
    assert finding.families == ("ipv6",)
    assert finding.cause == "the filter drops IPv6 to port 993: closed by the policy; a client sees: timed out"


def test_another_fault_of_the_same_port_stays():
    wrong = looked(
        "controller", port(tls=replace(good("imaps").tls, name_matches=False)), port(V6, state=seen.TIMED_OUT)
    )
    assert told(replace(FINE, filter_findings=(filtered(("ipv6",)),), vantages=(wrong,))) == [
        ("firewall.missing-opening", FAIL, "filter.drops"),
        ("mail.certificate-name", FAIL, "server.certificate"),
    ]


def test_the_filters_fault_stays_where_nothing_listens_either():
    shut = looked("controller", port(state=seen.TIMED_OUT), port(V6, state=seen.TIMED_OUT))
    views = replace(
        FINE, listeners=ListenersEvidence(()), filter_findings=(filtered(("ipv4", "ipv6")),), vantages=(shut,)
    )
    assert told(views) == [("firewall.missing-opening", FAIL, ""), ("server.listening", FAIL, "listen.nothing")]


def test_families_with_different_causes_have_one_finding_each():
    shut = looked("controller", port(state=seen.TIMED_OUT), port(V6, state=seen.REFUSED))
    views = replace(
        FINE,
        listeners=ListenersEvidence((listener(),), addresses=(V4, V6)),
        filter_findings=(filtered(("ipv4",)),),
        vantages=(shut,),
    )
    found = [each for each in join_views_of_server([IMAPS], views) if each.outcome != PASS]
    assert sorted((each.diagnosis, each.families, each.addresses) for each in found) == [
        ("filter.drops", ("ipv4",), (V4,)),
        ("listen.one-family", ("ipv6",), (V6,)),
    ]


def test_filtered_on_the_way():
    shut = looked("controller", port(state=seen.TIMED_OUT), port(V6, state=seen.TIMED_OUT))
    finding = one(replace(FINE, vantages=(looked(HOST, port(), port(V6), itself=True), shut)))
    assert (finding.check, finding.outcome, finding.diagnosis) == ("mail.reachable", FAIL, "way.silent")
    assert "security group" in finding.cause and finding.observed == "timed out" and finding.addresses == (V4, V6)


def test_a_contradiction_names_the_views_and_what_settles_it_and_is_no_pass():
    finding = one(replace(FINE, listeners=ListenersEvidence(())))
    assert (finding.check, finding.outcome, finding.diagnosis) == (
        "server.views",
        UNKNOWN,
        "views.answered-by-another",
    )
    assert "listening nothing" in finding.observed and "outside open" in finding.observed
    assert "tcpdump" in finding.settles
    closed = one(replace(FINE, filter_findings=(filtered(("ipv4", "ipv6")),)))
    assert (closed.check, closed.outcome, closed.diagnosis) == ("server.views", FAIL, "views.open-through-filter")


def test_dns_is_told_once_for_all_services():
    smtp = service("smtp")
    views = replace(
        FINE, name=NameEvidence(HOST, problem=NO_SUCH_NAME), vantages=(), listeners=None, filter_findings=()
    )
    found = [each for each in join_views_of_server([IMAPS, smtp], views) if each.outcome != PASS]
    assert [(each.check, each.port, each.diagnosis) for each in found] == [("server.name", 0, "name.not-found")]


def test_dns_that_does_not_answer_is_unknown():
    assert told(replace(FINE, name=NameEvidence(HOST, (V4,), unanswered="AAAA: no answer"))) == [
        ("server.name", UNKNOWN, "")
    ]


def test_the_wires_own_finding_is_marked_and_who_holds_the_port_is_named():
    sshd = ListenersEvidence((listener(owner=Owner(9, "sshd", (), "root", "ssh.service")),), addresses=(V4,))
    other = looked("controller", port(speaks="ssh", encryption=None, tls=None))
    finding = one(replace(FINE, own=(V4,), listeners=sshd, vantages=(other,), name=NameEvidence(HOST, (V4,))))
    assert (finding.check, finding.diagnosis) == ("mail.protocol", "server.other-process")
    assert "sshd (ssh.service) speaks ssh" in finding.cause and finding.settles


def test_what_only_one_vantage_sees_says_which():
    wrong = looked("office", port(tls=replace(good("imaps").tls, name_matches=False)), port(V6))
    finding = one(replace(FINE, vantages=(*FINE.vantages, wrong)))
    assert finding.check == "mail.certificate-name" and finding.observed.endswith("(from office)")


def test_seen_by_the_host_itself_only_is_a_warning():
    assert told(replace(FINE, vantages=(looked(HOST, port(), port(V6), itself=True),))) == [
        ("server.views", WARN, "unknown.not-seen-from-outside")
    ]


def test_a_look_that_did_not_get_out_stays_unknown_whatever_the_cause():
    no_way = looked("controller", port(state=seen.REFUSED), port(V6, seen.UNREACHABLE, detail="ENETUNREACH"))
    assert told(replace(FINE, listeners=ListenersEvidence(()), vantages=(no_way,))) == [
        ("mail.reachable", UNKNOWN, ""),
        ("server.listening", FAIL, "listen.nothing"),
    ]


def test_where_a_view_has_a_doubt_of_its_own_nothing_is_added():
    no_way = looked(HOST, port(), port(V6, seen.UNREACHABLE, detail="ENETUNREACH"), itself=True)
    assert told(replace(FINE, vantages=(no_way,))) == [("mail.reachable", UNKNOWN, "")]


def test_a_service_that_no_client_looked_at_is_unknown():
    assert told(replace(FINE, vantages=(looked("controller"),))) == [
        ("server.views", UNKNOWN, "unknown.not-seen-from-outside")
    ]


def test_two_faults_of_the_filter_in_one_finding_are_both_told():
    some_networks = opening(["993"], sources=["192.0.2.0/24"])
    shut = looked("controller", port(state=seen.TIMED_OUT), port(V6, state=seen.TIMED_OUT))
    finding = one(
        replace(FINE, filter_findings=(filtered(("ipv4", "ipv6")),), openings=(some_networks,), vantages=(shut,))
    )
    assert finding.check == "firewall.missing-opening" and set(finding.addresses) == {V4, V6}
    assert "drops IPv6" in finding.cause and "IPv4 to port 993 from some sources only" in finding.cause


def test_a_client_that_may_not_connect_leaves_a_warning():
    office = service("imaps", **{"from": ["198.51.100.77"]})
    ports = [port(state=seen.TIMED_OUT)]
    views = replace(FINE, own=(V4,), vantages=(vantage("controller", *ports, services=(office,)),))
    found = [each for each in join_views_of_server([office], views) if each.outcome != PASS]
    assert [(each.check, each.outcome) for each in found] == [("server.views", WARN)]


def test_without_the_wire_sockets_and_filter_are_enough():
    assert told(replace(FINE, vantages=())) == []
    ssh = service("ssh")
    views = replace(FINE, own=(V4,), name=None, listeners=ListenersEvidence((listener(port=22),), addresses=(V4,)))
    filter_of_ssh = Finding("firewall.missing-opening", HOST, 22, "ssh", PASS)
    found = join_views_of_server([ssh], replace(views, vantages=(), filter_findings=(filter_of_ssh,)))
    assert {each.outcome for each in found} == {PASS}


def test_a_look_that_failed_is_unknown_with_its_reason():
    (missing,) = [
        each
        for each in join_views_of_server([IMAPS], FINE, missing={"the sockets": "no such module"})
        if each.outcome != PASS
    ]
    assert (missing.check, missing.outcome, missing.cause) == (
        "server.looked-at",
        UNKNOWN,
        "the sockets: no such module",
    )


def test_candidate_rules_explain_nothing_that_clients_see_now():
    shut = looked("controller", port(state=seen.TIMED_OUT), port(V6, state=seen.TIMED_OUT))
    views = replace(FINE, filter_findings=(), vantages=(shut,))
    assert told(views, beside=[filtered(("ipv4", "ipv6"))]) == [
        ("firewall.missing-opening", FAIL, ""),
        ("mail.reachable", FAIL, "unknown.filter-or-way"),
    ]


# -- surplus ---------------------------------------------------------------------------------------------------------------


def opening(ports, **facts):
    entry = {"family": "ipv4", "protocol": "tcp", "ports": ports, "sources": ["0.0.0.0/0"], "interfaces": ["*"]}
    return {**entry, "path": "input", "certainty": "always", "rules": ["inet filter input handle 9"], **facts}


def surplus(number, name=""):
    return Finding(
        "firewall.surplus-opening",
        HOST,
        number,
        name,
        FAIL,
        (),
        "closed",
        f"tcp {number} from any (IPv4)",
        "opened by r",
    )


def with_surplus(number, *more, service_name="", **changes):
    sockets = ListenersEvidence((*BOTH.listeners, *more), addresses=(V4, V6))
    return replace(
        FINE,
        listeners=sockets,
        openings=(opening([str(number)]),),
        filter_findings=(filtered(), surplus(number, service_name)),
        **changes,
    )


def test_a_surplus_learns_who_is_behind_it():
    finding = one(with_surplus(3306, listener(port=3306, owner=Owner(3, "mariadbd", (), "mysql"))))
    assert finding.diagnosis == "surplus.open-and-listening"
    assert finding.cause.startswith("opened by r; mariadbd listens on port 3306")
    nobody = one(with_surplus(8025))
    assert nobody.diagnosis == "surplus.nothing-behind" and "nothing listens there" in nobody.cause


def test_a_closed_port_that_is_open_is_one_fault():
    closed = service("pop3", closed=True)
    answering = good("imaps", port=110, address=V4, family="ipv4")
    views = with_surplus(110, listener(port=110), service_name="pop3")
    place = vantage("controller", port(), port(V6), answering, services=(IMAPS, closed))
    found = join_views_of_server([IMAPS, closed], replace(views, vantages=(place,)))
    (finding,) = [each for each in found if each.outcome != PASS]
    assert (finding.check, finding.diagnosis) == ("firewall.surplus-opening", "surplus.open-and-listening")
    assert finding.cause.endswith("a client sees: open")


def test_a_published_port_is_a_fault_where_the_filter_forwards_it_and_unknown_otherwise():
    proxy = listener(
        port=3306, owner=Owner(4, "docker-proxy", (), "root"), published=Published("172.17.0.2", 3306, "db")
    )
    sockets = ListenersEvidence((*BOTH.listeners, proxy), addresses=(V4, V6))
    assert told(replace(FINE, listeners=sockets)) == [("server.surplus", UNKNOWN, "surplus.published")]
    forwarded = opening(["3306"], path="forward", to="172.17.0.2:3306")
    assert told(replace(FINE, listeners=sockets, openings=(forwarded,))) == [
        ("server.surplus", FAIL, "surplus.published")
    ]


def test_without_a_filter_what_listens_is_named():
    unfiltered = Finding("firewall.unfiltered", HOST, 0, "", FAIL, (), "filtered", "all open", "no chain")
    sockets = ListenersEvidence((*BOTH.listeners, listener(port=3306)), addresses=(V4, V6))
    wide = opening(["0-65535"])
    finding = one(replace(FINE, listeners=sockets, openings=(wide,), filter_findings=(filtered(), unfiltered)))
    assert finding.cause == "no chain; listening, and not required: tcp 3306"


# -- nothing is lost -------------------------------------------------------------------------------------------------------

_TALKS = (
    {},
    {"throttled": "421 later"},
    {"greeting": "", "speaks": "", "encryption": None, "tls": None, "stopped": "closed"},
    {"speaks": "ssh", "encryption": None, "tls": None},
    {"encryption": seen.NONE, "tls": None},
    {"tls": replace(good("imaps").tls, name_matches=False)},
    {"tls": replace(good("imaps").tls, trusted=None)},
)


@some.composite
def ports(draw):
    found = []
    for address in draw(some.sampled_from([(V4,), (V6,), (V4, V6)])):
        state = draw(some.sampled_from(STATES))
        talk = draw(some.sampled_from(_TALKS)) if state == seen.OPEN else {}
        detail = draw(some.sampled_from(["", "ENETUNREACH"])) if state == seen.UNREACHABLE else ""
        found.append(port(address, state, detail=detail, **talk))
    return found


@some.composite
def views(draw):
    listening = some.sampled_from(
        [
            None,
            ListenersEvidence((), addresses=(V4, V6)),
            BOTH,
            ListenersEvidence((listener(),), addresses=(V4, V6)),
            ListenersEvidence((listener("127.0.0.1"),), addresses=(V4, V6)),
            ListenersEvidence((listener(namespace="net:[7]"), listener(port=3306)), addresses=(V4, V6)),
        ]
    )
    filters = some.lists(
        some.sampled_from(
            [
                filtered(),
                filtered(("ipv4",)),
                filtered(("ipv6",), cause="closed by reject"),
                filtered(("ipv4", "ipv6")),
                filtered(outcome=UNKNOWN, cause="depends on limit rate"),
                replace(filtered(("ipv4",), WARN), check="firewall.sometimes-open"),
            ]
        ),
        max_size=1,
    )
    beside = some.lists(
        some.sampled_from([surplus(3306), Finding("firewall.undecided", HOST, 0, "", UNKNOWN)]), max_size=2
    )
    names = some.sampled_from(
        [
            None,
            NameEvidence(HOST, (V4, V6)),
            NameEvidence(HOST, ("203.0.113.99",)),
            NameEvidence(HOST, problem=NO_SUCH_NAME),
            NameEvidence(HOST, unanswered="A: no answer"),
        ]
    )
    places = [
        looked(name, *draw(ports()), itself=name == HOST)
        for name in draw(some.lists(some.sampled_from([HOST, "controller", "office"]), unique=True, max_size=3))
    ]
    return Views(
        host=HOST,
        own=draw(some.sampled_from([(), (V4, V6)])),
        listeners=draw(listening),
        filter_findings=(*draw(filters), *draw(beside)),
        openings=tuple(draw(some.lists(some.sampled_from([opening(["993"]), opening(["3306"])]), max_size=2))),
        vantages=tuple(places),
        name=draw(names),
    )


@given(views())
def test_joined_is_never_better_than_the_worst_of_the_parts(seen_of_it):
    parts = [*seen_of_it.filter_findings, *(each for place in seen_of_it.vantages for each in place.findings)]
    joined = join_views_of_server([IMAPS], seen_of_it)
    verdict = reach_verdict(joined)
    assert OUTCOMES.index(verdict.outcome) >= OUTCOMES.index(worst(each.outcome for each in parts))
    for part in parts:
        if part.outcome == PASS:
            continue
        stays = [
            each
            for each in joined
            if (each.check, each.port) == (part.check, part.port) and each.outcome == part.outcome
        ]
        takes = [
            each
            for each in joined
            if each.diagnosis
            and each.port in (part.port, 0)
            and OUTCOMES.index(each.outcome) >= OUTCOMES.index(part.outcome)
            and (each.port == 0 or part.observed in each.cause + each.observed or part.cause in each.cause)
        ]
        assert stays or takes, (part, joined)
    for part in parts:
        if part.check == "mail.reachable" and part.outcome == FAIL:
            named = {address for each in joined for address in each.addresses}
            assert set(part.addresses) <= named or any(each.check == "server.name" for each in joined), (part, joined)


@given(views())
def test_each_service_has_one_cause_for_each_family_at_most(seen_of_it):
    joined = join_views_of_server([IMAPS], seen_of_it)
    causes = [
        each.diagnosis
        for each in joined
        if each.port == 993 and each.diagnosis and not each.diagnosis.startswith("surplus.")
    ]
    assert len(causes) == len(set(causes)) <= 2
