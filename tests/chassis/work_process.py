"""A dispatcher that the tests run as a process of its own: claims, notes that it did the work, saves.

`python -m tests.chassis.work_process` with MONGO_URL, MONGO_DATABASE and OWNER in the environment; ends when nothing is
due.
"""

import os

from services.chassis.clock import SystemClock
from services.chassis.mongo import connect, save_versioned
from services.chassis.work import DueWork, work_fields


def main() -> None:
    owner = os.environ["OWNER"]
    with connect(os.environ["MONGO_URL"], app_name=owner) as client:
        database = client[os.environ["MONGO_DATABASE"]]
        things, done = database["things"], database["done"]
        work = DueWork(things, owner=owner, clock=SystemClock())
        while (thing := work.claim()) is not None:
            done.insert_one({"thing": thing["_id"], "owner": owner})
            save_versioned(things, document_id=thing["_id"], version=thing["version"], document=work_fields(None))


if __name__ == "__main__":
    main()
