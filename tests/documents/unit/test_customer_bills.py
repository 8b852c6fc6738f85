"""Lists of bills on fakes: a page begins exactly where the last one ended."""

from datetime import UTC, datetime, timedelta

from services.documents.application.customer_bills import ListCustomerBills
from tests.documents.builders import NOVOSIBIRSK, make_bill, make_content, make_recipient
from tests.documents.office import Office

A_SECOND = datetime(2004, 5, 1, 9, 30, tzinfo=UTC)  # many of its milliseconds are a little less as a float


def test_leaves_out_no_bill_of_the_millisecond_at_which_a_page_ends() -> None:
    office, maria = Office(), make_recipient()
    office.accounts.links[maria] = NOVOSIBIRSK
    list_bills = ListCustomerBills(accounts=office.accounts, bills=office.bills, mailings=office.mailings)
    moments = [A_SECOND + timedelta(milliseconds=number // 2) for number in range(200)]
    for number, issued_at in enumerate(moments):
        content = make_content(bill_number=str(number), issued_at=issued_at)
        office.bills.save(make_bill(regional_bill_id=f"rbl_{number}", content=content))

    seen, token = [], None
    while token != "":
        page = list_bills(subscriber_id=maria.subscriber_id, billing_account_id=None, wanted=1, page_token=token or "")
        seen += [shown.bill.regional_bill_id for shown in page.bills]
        token = page.next_page_token

    assert sorted(seen) == sorted(f"rbl_{number}" for number in range(len(moments)))
