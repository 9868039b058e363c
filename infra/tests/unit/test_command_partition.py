"""What cannot be served in a partition is refused by name."""

from __future__ import annotations

import pytest
from doubles import StubbedAws
from doubles import context as make_context

from infra.deploy import preflight
from infra.deploy.errors import DeployError

PLACED = "SubnetIds=subnet-0a VpcId=vpc-0a1b2c3d RouteTableIds=rtb-0a CreateVpcEndpoints="


def test_endpoints_whose_names_are_not_known_are_refused_with_the_way_round(aws: StubbedAws) -> None:
    context = make_context(aws, regions=["cn-north-1", "cn-northwest-1"], params=f"{PLACED}true")
    with pytest.raises(DeployError, match="cannot be made in the partition aws-cn .cn-north-1, cn-northwest-1.") as raised:
        preflight.check_partition(context, context.regions)
    assert 'PARAMS="CreateVpcEndpoints=false"' in str(raised.value)


@pytest.mark.parametrize(("region", "made"), [("cn-north-1", "false"), ("us-gov-west-1", "true"), ("us-east-1", "true")])
def test_other_placements_are_served(aws: StubbedAws, region: str, made: str) -> None:
    context = make_context(aws, regions=[region], params=f"{PLACED}{made}")
    preflight.check_partition(context, context.regions)
