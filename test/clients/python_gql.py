"""
What the client gql (PyPI) makes of a gateway in production that checks tokens: the schema, writes, pages of the caller's own
orders, and each refusal by its code. On databases to throw away, which have the demonstration data:

    python3 -m venv /tmp/gql && /tmp/gql/bin/pip install "gql[httpx]" "pyjwt[crypto]"
    openssl genpkey -algorithm RSA -out /tmp/private.pem && openssl pkey -in /tmp/private.pem -pubout -out /tmp/public.pem
    NODE_ENV=production INTROSPECTION=on AUTH_PUBLIC_KEY=/tmp/public.pem AUTH_ISSUER=https://id.example.com/ \
        AUTH_AUDIENCE=tandem PORT=4124 TANDEM_DATA_DIR=/tmp/scratch npm start
    TOKEN=$(/tmp/gql/bin/python -c 'import jwt, time; print(jwt.encode({"sub": "000000000000000000000001",
        "iss": "https://id.example.com/", "aud": "tandem", "exp": time.time() + 600}, open("/tmp/private.pem").read(), "RS256"))')
    /tmp/gql/bin/python test/clients/python_gql.py http://127.0.0.1:4124/graphql "$TOKEN"

Prints a line for each; ends with 1 where one is not as it has to be.
"""

import base64
import json
import sys

from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXTransport

MINE = gql("""
    query Mine($first: Int!, $after: String) {
      orders(first: $first, after: $after) {
        totalCount
        nodes { id userId total user { username email } transactions { nodes { amount } } }
        pageInfo { hasNextPage endCursor }
      }
    }
""")
OTHERS = gql("query Others { users(first: 5) { nodes { id username email } } }")
CREATE = gql("""
    mutation Create($input: CreateOrderInput!) {
      createOrder(input: $input) { order { id total user { username } } }
    }
""")
DELETE = gql("mutation Delete($id: ID!) { deleteOrder(id: $id) { order { id } } }")
DELETE_USER = gql("mutation DeleteUser($id: ID!) { deleteUser(id: $id) { user { id } } }")

wrong = []


def report(what, right, seen):
    print(f"{'ok   ' if right else 'WRONG'} {what}: {seen}")
    if not right:
        wrong.append(what)


def client(url, token, fetches_schema=True):
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return Client(transport=HTTPXTransport(url=url, headers=headers), fetch_schema_from_transport=fetches_schema)


def ask(session, document, **variables):
    document.variable_values = variables
    return session.execute(document)


def told(asking):
    """The data, and the codes of what was refused."""
    try:
        return asking(), []
    except TransportQueryError as error:
        return error.data, [one.get("extensions", {}).get("code") for one in error.errors]


def user_in(token):
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]


def main(url, token):
    me = user_in(token)
    with client(url, token) as session:
        types = len(session.client.schema.type_map)
        report("the schema is fetched", "Order" in session.client.schema.type_map, f"{types} types")

        made = [ask(session, CREATE, input={"userId": me, "total": f"{at}.50"})["createOrder"]["order"] for at in range(3)]
        report("orders are created", [one["total"] for one in made] == ["0.50", "1.50", "2.50"], made)

        pages = [ask(session, MINE, first=2)["orders"]]
        while pages[-1]["pageInfo"]["hasNextPage"]:
            pages.append(ask(session, MINE, first=2, after=pages[-1]["pageInfo"]["endCursor"])["orders"])
        rows = [row for page in pages for row in page["nodes"]]
        report("a page has what was asked for", rows[0]["user"]["email"] is not None, rows[0])
        report("the pages hold all of them", {one["id"] for one in made} <= {row["id"] for row in rows}, len(rows))
        report("as many as are counted", len(rows) == pages[0]["totalCount"], pages[0]["totalCount"])
        report("and nobody else's", {row["userId"] for row in rows} == {me}, me)

        gone = [ask(session, DELETE, id=one["id"])["deleteOrder"]["order"]["id"] for one in made]
        report("they are deleted", gone == [one["id"] for one in made], gone)

        data, codes = told(lambda: ask(session, OTHERS))
        names = [row["username"] for row in data["users"]["nodes"]]
        report("what is not mine to read is null with FORBIDDEN", set(codes) == {"FORBIDDEN"}, f"{names} {codes}")

        for what, code, document, variables in [
            ("what a user may not do", "FORBIDDEN", DELETE_USER, {"id": me}),
            ("an id that is none", "BAD_USER_INPUT", DELETE, {"id": "nonsense"}),
            ("an order that is not there", "NOT_FOUND", DELETE, {"id": gone[0]}),
        ]:
            _, codes = told(lambda: ask(session, document, **variables))
            report(f"{what} is {code}", codes == [code], codes)

    forged = f"{token[:-6]}AAAAAA"
    for what, brought in [("no token", None), ("a token that is none", "x.y.z"), ("a forged token", forged)]:
        with client(url, brought, fetches_schema=False) as session:
            _, codes = told(lambda: ask(session, MINE, first=1))
            report(f"{what} is UNAUTHENTICATED", codes == ["UNAUTHENTICATED"], codes)


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.exit(1 if wrong else 0)
