"""A dispatcher that the tests run as a process of its own: claims, notes that it did the work, saves.

`python -m tests.chassis.work_process` with MONGO_URL, MONGO_DATABASE, OWNER and OWNERS in the environment; keeps its
first piece until so many owners have one each, and ends when nothing is due.
"""

import os

from services.chassis.clock import SystemClock
from services.chassis.mongo import connect, save_versioned
from services.chassis.work import DueWork, work_fields
from tests.support.polling import eventually


def main() -> None:
    owner, owners = os.environ["OWNER"], int(os.environ["OWNERS"])
    is_first = True
    with connect(os.environ["MONGO_URL"], app_name=owner) as client:
        database = client[os.environ["MONGO_DATABASE"]]
        things, done = database["things"], database["done"]
        work = DueWork(things, owner=owner, clock=SystemClock())
        while (thing := work.claim()) is not None:
            done.insert_one({"thing": thing["_id"], "owner": owner})
            if is_first:
                eventually(lambda: len(done.distinct("owner")) == owners)
                is_first = False
            save_versioned(things, document_id=thing["_id"], version=thing["version"], document=work_fields(None))


if __name__ == "__main__":
    main()
