"""One correction for the demonstration to show: a copy of a name that differs from the population register."""

from typing import Any

from psycopg import Connection

from hub.corrections.records import Correction
from hub.corrections.requests import Asker, CorrectionRequest, claim_of_discrepancy, open_correction

FIELD = "holderLink.recorded.name"
DIFFERENT_NAME = """
select d.record_id from link.discrepancy d
where d.record_entity = 'LandUseRight' and d.record_field = 'holder_name' and d.sys_to is null and d.kind = 'DIFFERS'
order by d.id limit 1"""


def open_example_correction(connection: Connection[Any]) -> Correction | None:
    """Ask the land sector to correct the first name that differs; None if none does. Takes a connection in autocommit."""
    row = connection.execute(DIFFERENT_NAME).fetchone()
    if row is None:
        return None
    claimed = claim_of_discrepancy(connection, "LandUseRight", row[0], FIELD)
    reason = "Họ tên khác với Cơ sở dữ liệu quốc gia về dân cư"
    request = CorrectionRequest("LandUseRight", row[0], FIELD, claimed, reason, origin="DISCREPANCY")
    return open_correction(connection, request, Asker("hub demo"))
