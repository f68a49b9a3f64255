"""Values of the graph's own scalar for Schemathesis (PyPI), which makes up requests from a schema. On databases to throw away:

    PORT=4124 TANDEM_DATA_DIR=/tmp/scratch npm start
    SCHEMATHESIS_HOOKS=test/abuse/schemathesis_hooks.py schemathesis run http://127.0.0.1:4124/graphql \
        --checks not_a_server_error --phases fuzzing -n 150 --seed 1
"""

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

schemathesis.graphql.scalar("Decimal", st.decimals(allow_nan=False, allow_infinity=False).map(str).map(nodes.String))
