"""What is a Socket.IO packet, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.transport.incoming import BURST_SECONDS, PACKETS_PER_SECOND, Budget
from chatapp.transport.packets import MalformedPacketError, Packet


@pytest.mark.parametrize(
    "text",
    ["0", '0{"token":"x"}', "0[]", "1", '2["a"]', '2["a",{"b":1}]', '27["a"]', '37[{"ok":true}]'],
)
def test_what_clients_send_is_read(text: str) -> None:
    assert Packet(encoded_packet=text).packet_type == int(text[0])


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "2",
        "2{}",
        "2[]",
        '2"a"',
        "3{}",
        "4{}",
        "7",
        "9",
        "2[",
        "2" + "[" * 100_000,
    ],
)
def test_others_are_malformed(text: str) -> None:
    with pytest.raises(MalformedPacketError) as caught:
        Packet(encoded_packet=text)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 100, "the packet isn't kept in its error"


@given(st.text(min_size=1, max_size=40))
def test_nothing_else_is_raised(text: str) -> None:
    try:
        Packet(encoded_packet=text)
    except MalformedPacketError:
        pass


def test_a_budget_allows_a_burst_and_then_a_rate() -> None:
    budget = Budget()
    waits = [budget.spend(1, 0) for _ in range(PACKETS_PER_SECOND * BURST_SECONDS)]
    assert max(waits) == 0
    assert 0 < budget.spend(PACKETS_PER_SECOND, 0) <= 1.01
