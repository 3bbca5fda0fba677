# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of real connections behind their first packet is what the analysis says."""

from __future__ import annotations

from typing import Iterator

import pytest

from conversations import CLIENTS, Client, House, source_ports
from handmade_answers import TALKS, Talk

ADDRESSES = (*CLIENTS[4], *CLIENTS[6])
PORTS = source_ports(20000)


@pytest.fixture
def house(kernel: None) -> Iterator[House]:
    with House() as made:
        yield made


@pytest.fixture(scope="module")
def lasting_house(kernel: None) -> Iterator[House]:
    """For rulesets that can be taken away again without a trace."""
    with House() as made:
        yield made


OF_NFT = [talk for talk in TALKS if talk.nft]
OF_XTABLES = [talk for talk in TALKS if talk.xtables]


@pytest.mark.parametrize("talk", OF_NFT, ids=[talk.name for talk in OF_NFT])
def test_who_is_let_in_and_answered_is_served(talk: Talk, lasting_house: House) -> None:
    lasting_house.target.run("nft", "-f", "-", text="flush ruleset\n" + talk.nft)
    compare(talk, lasting_house)


@pytest.mark.parametrize("talk", OF_XTABLES, ids=[talk.name for talk in OF_XTABLES])
def test_the_same_with_the_rules_of_iptables(talk: Talk, house: House) -> None:
    for tool, text in talk.xtables.items():
        house.target.run(tool + "-restore", "-w", "5", text=text)
    compare(talk, house)


def compare(talk: Talk, house: House) -> None:
    clients = [Client(address, next(PORTS), talk.port) for address in ADDRESSES]

    served = house.served(clients)
    told = house.analysed(clients)

    if not talk.doubtful:
        assert [number for number, came in enumerate(served) if came] == list(talk.served)
        assert [word == "served" for word in told] == served, told
    else:
        assert "lost" not in told, told
        assert "served" not in told[: 2 if talk.xtables else 3], told


@pytest.mark.parametrize(("kind", "lost"), [("blackhole", (1,)), ("unreachable", (1,)), ("prohibit", (1,))])
def test_a_dead_route_to_a_client_loses_its_connections(house: House, kind: str, lost: tuple[int, ...]) -> None:
    house.target.run("ip", "route", "add", kind, "192.0.2.77")
    clients = [Client(address, next(PORTS)) for address in ADDRESSES]
    assert [number for number, came in enumerate(house.served(clients)) if not came] == list(lost)
    assert house.without_way(clients) == list(lost)
