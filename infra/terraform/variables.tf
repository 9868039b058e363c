variable "package" {
  description = "The folder that `make package` wrote."
  type        = string
}

variable "table" {
  description = "The global table. It is only read."
  type        = string
}

variable "label" {
  description = "What stands for the table in names: the table's name, or what templates/INTERFACE.md, Names, makes of it."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?$", var.label))
    error_message = "1 to 15 of a-z, 0-9 and -, neither beginning nor ending with -. INTERFACE.md, Names, says how it is made of a longer name."
  }
}

variable "regions" {
  description = "The replicas' Regions, the primary first; the same list in each Region's module."
  type        = list(string)
  validation {
    condition     = length(var.regions) >= 2 && length(var.regions) <= 5
    error_message = "A global table has two replicas at least, and the templates take five at most."
  }
}

variable "project" {
  description = "First part of every name."
  type        = string
  default     = "lastwriter"
}

variable "environment" {
  description = "Second part of every name: dev, staging or prod."
  type        = string
  default     = "dev"
}

variable "key_arn" {
  description = "A KMS key of this Region in place of one of our own. Its policy has to let CloudWatch Logs, alarms and the function use it."
  type        = string
  default     = ""
}

variable "processor" {
  description = "Further parameters of stream-processor.yaml (INTERFACE.md)."
  type        = map(string)
  default     = {}
}

variable "reporter" {
  description = "Further parameters of table-reporter.yaml."
  type        = map(string)
  default     = {}
}

variable "alarms" {
  description = "Further parameters of alarms.yaml. UnstampedWritesPercent = 0 once your writers stamp."
  type        = map(string)
  default     = {}
}

variable "dashboard" {
  description = "Further parameters of dashboard.yaml."
  type        = map(string)
  default     = {}
}
