"""`hub review sample | question | answer`: blind questions on links, from which the quality of linking is estimated."""

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from hub.cli.linking.review import Reason, Reviewer, name_reviewer, open_connection
from hub.cli.linking.review_display import list_shown, show_item
from hub.cli.options import Json
from hub.cli.shown_values import record_shown
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.link.quality import answers
from hub.link.quality.answers import Answer, Choice
from hub.settings import load_settings

Chosen = Annotated[str, Parameter(help="The id of the row that the record means, or none, or unsure.")]


def sample_command(*, reviewer: Reviewer = None, first: int = 20, json: Json = False) -> None:
    """List sampled questions that wait for a reviewer. How linking answered them is hidden.

    Parameters
    ----------
    first
        How many.
    """
    settings = load_settings()
    with open_connection() as connection:
        found = answers.list_questions(
            connection, reviewer=name_reviewer(reviewer), share=settings.review_second_share, first=first
        )
        waiting = answers.count_questions(connection, share=settings.review_second_share)
    if json:
        show_json({"questions": [asdict(one) for one in found], "waiting": waiting})
        return
    rows = [(str(one.sample_id), one.field, f"{one.drawn_at:%Y-%m-%d}", one.opinions) for one in found]
    show_table("Questions", ("question", "field", "drawn", "opinions"), rows, numbers=("opinions",))
    OUT.print(f"waiting for anybody: {waiting:,}; see one with `hub review question NUMBER`")


def question_command(number: int | None = None, *, reviewer: Reviewer = None, json: Json = False) -> None:
    """Show a sampled question: a record beside rows of a register that it may mean. These are personal data: keep no copy.

    Parameters
    ----------
    number
        Which; without it, the next that waits for the reviewer.
    """
    with open_connection() as connection:
        if number is None:
            found = answers.list_questions(
                connection, reviewer=name_reviewer(reviewer), share=load_settings().review_second_share, first=1
            )
            if not found:
                raise OperationRefused(
                    "no question waits for this reviewer",
                    next_step="come back when `hub link` has drawn more: see `hub link quality`",
                    code="SAMPLE_NOT_FOUND",
                )
            number = found[0].sample_id
        asked = answers.read_sample_question(connection, number)
        record_shown(connection, list_shown(asked))
    if json:
        show_json({"question": number, **asdict(asked)})
        return
    OUT.print(f"question {number}: which of these does the record mean?")
    show_item(asked)
    OUT.print(f"answer: `hub review answer {number} ID|none|unsure --reason …`")


def answer_command(
    number: int, choice: Chosen, *, reason: Reason, reviewer: Reviewer = None, json: Json = False
) -> None:
    """Answer a sampled question: which row the record means, none of those shown, or that it cannot be told.

    Parameters
    ----------
    number
        The number of the question.
    """
    with open_connection() as connection:
        given = Answer(number, _choice(choice), name_reviewer(reviewer), reason)
        led_to = answers.keep_sample_answer(connection, given, target=load_settings().link_band_target)
    if json:
        show_json({"decisions": led_to.decisions, "raised": led_to.raised and led_to.raised.document()})
        return
    OUT.print(f"question {number}: answered")
    for decision in led_to.decisions:
        OUT.print(f"became decision {decision}; `hub review undo {decision}` takes it back")
    if led_to.raised:
        OUT.print(
            f"raised the threshold of {led_to.raised.field}: {led_to.raised.reason}; the next `hub link` applies it"
        )


def _choice(word: str) -> Choice:
    if word == "none":
        return "none"
    if word == "unsure":
        return "unsure"
    if word.isascii() and word.isdigit() and len(word) <= 18:
        return int(word)
    raise OperationRefused(
        "the answer is not an id, none or unsure", next_step="give one of those shown, e.g. none", code="ANSWER_INVALID"
    )
