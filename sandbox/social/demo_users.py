"""The people who have an account at the social provider; their `sub` is fixed, so that tests and demos can name it."""

from oidc_provider_mock import User

DEMO_USERS = (
    User(
        sub="demo-anna",
        claims={
            "name": "Анна Петрова",
            "given_name": "Анна",
            "family_name": "Петрова",
            "email": "anna@example.test",
            "email_verified": True,
            "locale": "ru-RU",
        },
    ),
    # a provider that does not vouch for the address, as most social networks do not
    User(
        sub="demo-boris",
        claims={"name": "Борис Иванов", "email": "boris@example.test", "email_verified": False, "locale": "ru-RU"},
    ),
    # registered by telephone: no address at all
    User(sub="demo-vera", claims={"name": "Вера Смирнова", "locale": "ru-RU"}),
)
