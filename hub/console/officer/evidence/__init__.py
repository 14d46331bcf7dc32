"""Why a value is on the sheet: its source, and what linked its record to the person."""
