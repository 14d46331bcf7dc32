"""Which ends of its own chains a process still waits for, and which of them the tables hide."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.checkpoints.document import ChainHead
from hub.ledger.checkpoints.own_heads import HiddenHead, OwnHeads, merge_heads

ONE, OTHER = UUID(int=1), UUID(int=2)


def head(number: int, epoch: UUID = ONE, mark: int = 0) -> ChainHead:
    return ChainHead(epoch, number, bytes([mark]) * 32)


def test_a_head_waits_until_a_checkpoint_has_it_or_a_later_one() -> None:
    own = OwnHeads()
    own.note_committed(head(5), 0.0)
    own.note_covered([head(4), head(9, OTHER)], 1.0)
    assert own.waiting == (head(5),)
    own.note_covered([head(5, mark=1)], 1.0)
    assert own.waiting == (head(5),), "another record of the same number is not it"
    own.note_covered([head(6)], 1.0)
    assert own.waiting == ()


def test_a_checkpoint_may_have_a_head_before_its_writer_hears_that_it_is_committed() -> None:
    own = OwnHeads()
    own.note_covered([head(5)], 0.0)
    own.note_covered([head(3, OTHER)], 0.0)
    own.note_committed(head(5), 0.0)
    assert own.waiting == ()
    own.note_committed(head(6), 0.0)
    assert own.waiting == (head(6),)


def test_a_chain_is_overdue_once_and_not_while_checkpoints_follow_it() -> None:
    own = OwnHeads()
    for second in range(200):
        own.note_committed(head(10 * second + 9), second)
        own.note_covered([head(10 * second)], second)
        assert own.list_overdue(second, 60.0) == []
    assert own.list_overdue(260.0, 60.0) == [HiddenHead(head(1999), 1990)]
    assert own.list_overdue(400.0, 60.0) == []


HEADS = st.lists(st.builds(head, st.integers(0, 3), st.sampled_from([ONE, OTHER]), st.integers(0, 1)), max_size=4)


@given(HEADS, HEADS)
def test_a_checkpoint_has_every_own_head_or_a_later_one(stored: list[ChainHead], own: list[ChainHead]) -> None:
    stored, own = list({h.epoch: h for h in stored}.values()), list({h.epoch: h for h in own}.values())
    heads, hidden = merge_heads(stored, own)
    made = {one.epoch: one for one in heads}
    assert len(made) == len(heads)
    for one in own:
        assert made[one.epoch] == one or made[one.epoch].number > one.number
    assert {one.head for one in hidden} == set(own) & set(heads) - set(stored)
    assert set(heads) - {one.head for one in hidden} <= set(stored)
