# One Region's processor, reporter, alarms and dashboard for a global table, out of the packaged templates. There is no second set of
# resources: each stack is a template as it is, under the name that the make commands give it, so that `make status`, `logs`, `redrive` and
# `rejudge` find it. A module for each Region, with that Region's provider.

locals {
  manifest = jsondecode(file("${var.package}/manifest.json"))
  name     = "${var.project}-${var.environment}-${var.label}"
  common = {
    ProjectName = var.project
    Environment = var.environment
    TableLabel  = var.label
  }
  code = { for function, zip in local.manifest.functions : function => {
    CodeBucket   = aws_cloudformation_stack.artifacts.outputs.BucketName
    CodeKey      = aws_s3_object.code[function].key
    Architecture = zip.architecture
  } }
  key_arn = aws_cloudformation_stack.key.outputs.KeyArn
  watched = {
    TableName            = var.table
    Regions              = join(",", var.regions)
    EventSourceMappingId = aws_cloudformation_stack.processor.outputs.EventSourceMappingId
  }
}

data "aws_dynamodb_table" "replica" {
  name = var.table
}

resource "aws_cloudformation_stack" "artifacts" {
  name          = "${local.name}-artifacts"
  template_body = file("${var.package}/${local.manifest.templates["artifact-bucket"].key}")
  parameters    = local.common
}

# Every file is named by its content, so a new zip or template is a new object, and an old one stays where a stack names it.
resource "aws_s3_object" "code" {
  for_each = local.manifest.functions
  bucket   = aws_cloudformation_stack.artifacts.outputs.BucketName
  key      = each.value.key
  source   = "${var.package}/${each.value.key}"
}

# CloudFormation takes 51,200 bytes of template in a request; these two are larger.
resource "aws_s3_object" "template" {
  for_each = toset(["alarms", "dashboard"])
  bucket   = aws_cloudformation_stack.artifacts.outputs.BucketName
  key      = local.manifest.templates[each.key].key
  source   = "${var.package}/${local.manifest.templates[each.key].key}"
}

data "aws_s3_bucket" "artifacts" {
  bucket = aws_cloudformation_stack.artifacts.outputs.BucketName
}

# Each Region's key is a primary of its own: what it encrypts never leaves the Region.
resource "aws_cloudformation_stack" "key" {
  name          = "${local.name}-key"
  template_body = file("${var.package}/${local.manifest.templates["encryption-key"].key}")
  parameters    = merge(local.common, { ExistingKeyArn = var.key_arn })
}

resource "aws_cloudformation_stack" "processor" {
  name          = "${local.name}-processor"
  template_body = file("${var.package}/${local.manifest.templates["stream-processor"].key}")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  parameters = merge({ StartingPosition = "LATEST" }, var.processor, local.common, local.code["stream-processor"], {
    TableName = var.table
    StreamArn = data.aws_dynamodb_table.replica.stream_arn
    Replicas  = length(var.regions)
    KeyArn    = local.key_arn
  })
}

resource "aws_cloudformation_stack" "reporter" {
  name          = "${local.name}-reporter"
  template_body = file("${var.package}/${local.manifest.templates["table-reporter"].key}")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  parameters = merge(var.reporter, local.common, local.code["table-reporter"], {
    TableName = var.table
    KeyArn    = local.key_arn
  })
}

resource "aws_cloudformation_stack" "alarms" {
  name         = "${local.name}-alarms"
  template_url = "https://${data.aws_s3_bucket.artifacts.bucket_regional_domain_name}/${aws_s3_object.template["alarms"].key}"
  # While writers begin to stamp one by one an alarm on the others would be on from the first minute (COMMANDS.md, make attach).
  parameters = merge({ UnstampedWritesPercent = "100" }, var.alarms, local.common, local.watched, {
    TopicArn = aws_cloudformation_stack.processor.outputs.TopicArn
  })
}

resource "aws_cloudformation_stack" "dashboard" {
  name         = "${local.name}-dashboard"
  template_url = "https://${data.aws_s3_bucket.artifacts.bucket_regional_domain_name}/${aws_s3_object.template["dashboard"].key}"
  parameters = merge(var.dashboard, local.common, local.watched, {
    PrimaryRegion = var.regions[0]
  })
}
