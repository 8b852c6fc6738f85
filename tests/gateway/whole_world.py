"""Scripts under which every page and route has something to show."""

from kabinet.accounts.v1 import accounts_pb2, grants_pb2, ordering_pb2
from kabinet.content.v1 import content_pb2
from kabinet.documents.v1 import documents_pb2
from kabinet.identity.v1 import identity_pb2
from kabinet.payments.v1 import autopay_pb2, payments_pb2

from tests.gateway import examples as make
from tests.gateway import grants_examples as grants
from tests.gateway import ordering_examples as ordered
from tests.gateway.services_script import Services


def script_everything(services: Services) -> None:
    """Make all services answer with one object of each kind."""
    _identity(services)
    _accounts(services)
    _grants(services)
    _ordering(services)
    _payments(services)
    _documents(services)
    _content(services)


def _identity(services: Services) -> None:
    session = identity_pb2.Session(
        session_id="ses_1",
        created_at=make.make_time(),
        last_used_at=make.make_time(),
        user_agent="Firefox",
        current=True,
    )
    provider = identity_pb2.SocialProvider(provider="demo-id", name="Социальная сеть (демо)")
    services.scripted["identity"].scripts |= {
        "GetProfile": lambda _: identity_pb2.GetProfileResponse(profile=make.make_profile()),
        "UpdateProfile": lambda _: identity_pb2.UpdateProfileResponse(profile=make.make_profile()),
        "ListSessions": lambda _: identity_pb2.ListSessionsResponse(sessions=[session]),
        "ListSocialProviders": lambda _: identity_pb2.ListSocialProvidersResponse(providers=[provider]),
        "StartRegistration": lambda _: identity_pb2.StartRegistrationResponse(
            registration_id="reg_1", expires_at=make.make_time()
        ),
        "ConfirmRegistration": lambda _: identity_pb2.ConfirmRegistrationResponse(tokens=_tokens(services)),
        "CreateSession": lambda _: identity_pb2.CreateSessionResponse(tokens=_tokens(services)),
        "RefreshSession": lambda _: identity_pb2.RefreshSessionResponse(tokens=_tokens(services)),
        "StartSocialLogin": lambda _: identity_pb2.StartSocialLoginResponse(
            social_login_id="soc_1", authorization_url="https://social.example/authorize?state=s"
        ),
        "CompleteSocialLogin": lambda _: identity_pb2.CompleteSocialLoginResponse(
            tokens=_tokens(services), created=True
        ),
    }


def _tokens(services: Services) -> identity_pb2.Tokens:
    return make.make_tokens(access_token=services.access_token())


def _accounts(services: Services) -> None:
    account = make.make_account()
    services.scripted["accounts"].scripts |= {
        "ListRegions": lambda _: accounts_pb2.ListRegionsResponse(
            regions=[make.make_region(), make.make_region(code="66", connected=False)]
        ),
        "LinkBillingAccount": lambda _: accounts_pb2.LinkBillingAccountResponse(billing_account=account),
        "ListBillingAccounts": lambda _: accounts_pb2.ListBillingAccountsResponse(billing_accounts=[account]),
        "GetBillingAccount": lambda _: accounts_pb2.GetBillingAccountResponse(billing_account=account),
        "SendOwnershipCode": lambda _: accounts_pb2.SendOwnershipCodeResponse(expires_at=make.make_time()),
        "ChangeRelation": lambda _: accounts_pb2.ChangeRelationResponse(billing_account=account),
        "UpdateBillingAccount": lambda _: accounts_pb2.UpdateBillingAccountResponse(billing_account=account),
        "ListCharges": lambda _: accounts_pb2.ListChargesResponse(charges=account.last_charges, next_page_token="n"),
        "ListCreditedPayments": lambda _: accounts_pb2.ListCreditedPaymentsResponse(payments=account.last_payments),
    }


def _grants(services: Services) -> None:
    given = grants.make_given_grant()
    services.scripted["grants"].scripts |= {
        "CreateGrant": lambda _: grants_pb2.CreateGrantResponse(grant=given, code="7KQ2M-X40TB"),
        "ListGrants": lambda _: grants_pb2.ListGrantsResponse(grants=[given]),
        "EndGrant": lambda _: grants_pb2.EndGrantResponse(
            grant=grants.make_given_grant(grants_pb2.GRANT_STATE_ENDED, grant_end=grants_pb2.GRANT_END_OWNER)
        ),
    }


def _ordering(services: Services) -> None:
    change, order, promise = ordered.make_change(), ordered.make_service_order(), ordered.make_promise()
    done = ordered.make_change(ordering_pb2.TARIFF_CHANGE_STATE_DONE, can_be_undone=False)
    services.scripted["ordering"].scripts |= {
        "ListTariffPlans": lambda _: ordering_pb2.ListTariffPlansResponse(tariff_plans=[ordered.make_plan()]),
        "CreateTariffQuote": lambda _: ordering_pb2.CreateTariffQuoteResponse(tariff_quote=ordered.make_tariff_quote()),
        "CreateTariffChange": lambda _: ordering_pb2.CreateTariffChangeResponse(tariff_change=change),
        "ListTariffChanges": lambda _: ordering_pb2.ListTariffChangesResponse(tariff_changes=[done]),
        "CancelTariffChange": lambda _: ordering_pb2.CancelTariffChangeResponse(tariff_change=change),
        "ListServiceOffers": lambda _: ordering_pb2.ListServiceOffersResponse(offers=[ordered.make_offer()]),
        "CreateServiceOrder": lambda _: ordering_pb2.CreateServiceOrderResponse(service_order=order),
        "ListServiceOrders": lambda _: ordering_pb2.ListServiceOrdersResponse(service_orders=[order]),
        "CancelServiceOrder": lambda _: ordering_pb2.CancelServiceOrderResponse(service_order=order),
        "GetPromisedPaymentEligibility": lambda _: ordered.make_eligibility(),
        "TakePromisedPayment": lambda _: ordering_pb2.TakePromisedPaymentResponse(promised_payment=promise),
        "ListPromisedPayments": lambda _: ordering_pb2.ListPromisedPaymentsResponse(promised_payments=[promise]),
    }


def _payments(services: Services) -> None:
    awaiting = make.make_payment(
        state=payments_pb2.PAYMENT_STATE_AWAITING_CONFIRMATION, confirmation_url="https://acquirer.example/pay/1"
    )
    forecast = payments_pb2.ForecastCharge(
        charge_at=make.make_time(), local_date="2026-11-30", amount=make.make_money()
    )
    rule = make.make_rule()
    services.scripted["payments"].scripts |= {
        "CreatePayment": lambda _: payments_pb2.CreatePaymentResponse(payment=awaiting),
        "GetPayment": lambda _: payments_pb2.GetPaymentResponse(payment=make.make_payment()),
        "ListPayments": lambda _: payments_pb2.ListPaymentsResponse(payments=[make.make_payment()]),
        "ListPaymentKinds": lambda _: make.make_kinds(),
        "ListPaymentMethods": lambda _: payments_pb2.ListPaymentMethodsResponse(payment_methods=[make.make_card()]),
        "CreatePaymentMethod": lambda _: payments_pb2.CreatePaymentMethodResponse(payment_method=make.make_binding()),
        "GetPaymentMethod": lambda _: payments_pb2.GetPaymentMethodResponse(payment_method=make.make_card()),
        "CreateAutopayRule": lambda _: payments_pb2.CreateAutopayRuleResponse(autopay_rule=rule),
        "GetAutopayRule": lambda _: payments_pb2.GetAutopayRuleResponse(autopay_rule=rule),
        "ListAutopayRules": lambda _: payments_pb2.ListAutopayRulesResponse(autopay_rules=[rule]),
        "UpdateAutopayRule": lambda _: payments_pb2.UpdateAutopayRuleResponse(autopay_rule=rule),
        "StopAutopayRule": lambda _: payments_pb2.StopAutopayRuleResponse(autopay_rule=rule),
        "ForecastAutopayRule": lambda _: payments_pb2.ForecastAutopayRuleResponse(charges=[forecast]),
        "ListAutopayDecisions": lambda _: payments_pb2.ListAutopayDecisionsResponse(decisions=[make.make_decision()]),
    }
    services.scripted["autopay"].scripts |= {
        "PauseAutopayRule": lambda _: autopay_pb2.PauseAutopayRuleResponse(autopay_rule=rule),
        "ResumeAutopayRule": lambda _: autopay_pb2.ResumeAutopayRuleResponse(autopay_rule=rule),
        "AnswerHeldCharge": lambda _: autopay_pb2.AnswerHeldChargeResponse(decision=make.make_decision()),
        "ReadAutopayLink": lambda _: make.make_link(),
        "UseAutopayLink": lambda _: autopay_pb2.UseAutopayLinkResponse(
            action=autopay_pb2.AUTOPAY_LINK_ACTION_SKIP, done=True
        ),
    }


def _documents(services: Services) -> None:
    bill, delivery = make.make_bill(), make.make_delivery()
    piece = documents_pb2.DownloadCustomerBillResponse
    services.scripted["documents"].scripts |= {
        "GetBillDelivery": lambda _: documents_pb2.GetBillDeliveryResponse(bill_delivery=delivery),
        "SetBillDelivery": lambda _: documents_pb2.SetBillDeliveryResponse(bill_delivery=delivery),
        "EndBillDelivery": lambda _: documents_pb2.EndBillDeliveryResponse(bill_delivery=delivery),
        "ListCustomerBills": lambda _: documents_pb2.ListCustomerBillsResponse(customer_bills=[bill]),
        "GetCustomerBill": lambda _: documents_pb2.GetCustomerBillResponse(customer_bill=bill),
        "DownloadCustomerBill": lambda _: iter([piece(chunk=b"%PDF-"), piece(chunk=b"rest")]),
    }


def _content(services: Services) -> None:
    entitlement = content_pb2.Entitlement(
        entitlement_id="ent_1",
        offering_id="off_irony",
        title="Ирония вечера",
        granted_at=make.make_time(),
        content_order_id="ord_1",
    )
    services.scripted["content"].scripts |= {
        "SearchOfferings": lambda _: content_pb2.SearchOfferingsResponse(offerings=[make.make_offering()]),
        "GetOffering": lambda _: content_pb2.GetOfferingResponse(offering=make.make_offering()),
        "CreateContentQuote": lambda _: content_pb2.CreateContentQuoteResponse(content_quote=make.make_quote()),
        "CreateContentOrder": lambda _: content_pb2.CreateContentOrderResponse(content_order=make.make_order()),
        "GetContentOrder": lambda _: content_pb2.GetContentOrderResponse(content_order=make.make_order()),
        "ListEntitlements": lambda _: content_pb2.ListEntitlementsResponse(entitlements=[entitlement]),
        "SearchHelpArticles": lambda _: content_pb2.SearchHelpArticlesResponse(articles=[make.make_article()]),
        "GetHelpArticle": lambda _: content_pb2.GetHelpArticleResponse(article=make.make_article()),
    }
