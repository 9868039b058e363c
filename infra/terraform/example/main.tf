# A table with two replicas, watched. `terraform apply` here, after `make package` in the repository's root.

provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "eu"
  region = "eu-west-1"
}

locals {
  watch = {
    package = "../../../target/package"
    table   = "orders"
    label   = "orders"
    regions = ["us-east-1", "eu-west-1"]
  }
}

module "us_east_1" {
  source  = "../"
  package = local.watch.package
  table   = local.watch.table
  label   = local.watch.label
  regions = local.watch.regions
}

module "eu_west_1" {
  source  = "../"
  package = local.watch.package
  table   = local.watch.table
  label   = local.watch.label
  regions = local.watch.regions
  providers = {
    aws = aws.eu
  }
  alarms = { IndexNames = "GSI1", ConflictsThreshold = "5" }
}

output "dashboards" {
  value = [module.us_east_1.dashboard_url, module.eu_west_1.dashboard_url]
}
