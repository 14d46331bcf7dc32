from dataclasses import dataclass
@dataclass(frozen=True)
class Sizes:
    a:int=0
    table:int=0
    api:int=0
    rows:int=0
    changes:int=0
