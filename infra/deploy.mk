# The commands that work on an AWS account. The root Makefile includes this file and defines VENV; infra/COMMANDS.md
# describes each command. Arguments are make variables: make deploy TABLE=orders REGIONS=us-east-1,eu-west-1
# The root Makefile also has the targets `setup` (cargo-lambda) and `build` (the zips), and makes $(VENV)/pip.stamp.

PROJECT ?= lastwriter
ENV ?= dev
FUNCTION ?= stream-processor
RATE ?= 20
SECONDS ?= 30
KEYS ?= 100
export YES

DEPLOY = $(VENV)/bin/python -m infra.deploy
SYSTEM = --project "$(PROJECT)" --env "$(ENV)" --table "$(TABLE)" --regions "$(REGIONS)" --allow "$(ALLOW)" $(if $(IMPORT),--import) \
  --role "$(ROLE)" --tags "$(TAGS)"

DEPLOY_COMMANDS := deploy plan attach deploy-function pause resume status logs redrive rejudge load-test global-test drill backup backup-plan restore \
  add-region remove-region destroy

.PHONY: $(DEPLOY_COMMANDS) package

$(DEPLOY_COMMANDS) package: $(VENV)/deploy.stamp

# What puts code into the account builds it first, unless LASTWRITER_ZIP names code that is built already; and before a build of
# minutes, arguments and credentials are checked.
ifdef LASTWRITER_ZIP
BUILD = @:
else
BUILD = @$(MAKE) build
endif

$(VENV)/deploy.stamp: $(VENV)/pip.stamp infra/deploy/requirements.txt
	@echo "Installing what the deploy commands need into $(VENV)"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r infra/deploy/requirements.txt
	@touch $@

package: ## Zips and templates in one folder, to deploy with the AWS CLI or a tool of yours: [TO=target/package]
	$(BUILD)
	@$(VENV)/bin/python -m infra.deploy.package --to "$(or $(TO),target/package)"

deploy: ## Make or update everything: PROJECT= ENV= TABLE= REGIONS= [PARAMS="Name=value ..."]
	@$(DEPLOY) deploy $(SYSTEM) --params "$(PARAMS)" --before-build
	$(BUILD)
	@$(DEPLOY) deploy $(SYSTEM) --params "$(PARAMS)"

plan: ## What deploy would change, and nothing done; ends with 2 where something would: as deploy [ATTACH=1]
	@$(DEPLOY) plan $(SYSTEM) --params "$(PARAMS)" $(if $(ATTACH),--attach) --before-build
	$(BUILD)
	@$(DEPLOY) plan $(SYSTEM) --params "$(PARAMS)" $(if $(ATTACH),--attach)

attach: ## Watch a global table that exists, changing nothing on it: TABLE= REGIONS=
	@$(DEPLOY) attach $(SYSTEM) --params "$(PARAMS)" --before-build
	$(BUILD)
	@$(DEPLOY) attach $(SYSTEM) --params "$(PARAMS)"

deploy-function: ## New code for the functions, nothing else: TABLE= REGIONS= [FUNCTION=stream-processor]
	@$(DEPLOY) deploy-function $(SYSTEM) --function "$(FUNCTION)" --before-build
	@$(MAKE) setup
	$(BUILD)
	@$(DEPLOY) deploy-function $(SYSTEM) --function "$(FUNCTION)"

pause: ## Stop reading the streams, which keep 24 hours: TABLE= REGIONS=
	@$(DEPLOY) pause $(SYSTEM)

resume: ## Read the streams again, and say what was lost: TABLE= REGIONS=
	@$(DEPLOY) resume $(SYSTEM)

status: ## Table, replicas, streams, readers, stacks, mappings, alarms: TABLE= REGIONS=
	@$(DEPLOY) status $(SYSTEM)

logs: ## What the functions logged: TABLE= REGIONS= [SINCE=15m] [FOLLOW=1] [FILTER=] [FUNCTION=]
	@$(DEPLOY) logs $(SYSTEM) --since "$(or $(SINCE),15m)" --filter '$(value FILTER)' --function "$(FUNCTION)" $(if $(FOLLOW),--follow)

redrive: ## Judge the batches in the failure bucket again: TABLE= REGIONS= [REGION=] [SINCE=2h]
	@$(DEPLOY) redrive $(SYSTEM) --region "$(REGION)" --since "$(SINCE)"

rejudge: ## Judge again what the streams still hold, by new mappings: TABLE= REGIONS= [REGION=]
	@$(DEPLOY) rejudge $(SYSTEM) --region "$(REGION)"

load-test: ## Stamped writes at a steady rate: TABLE= REGIONS= [RATE=20] [SECONDS=30] [KEYS=100] [SHARED=1]
	@$(DEPLOY) load-test $(SYSTEM) --rate "$(RATE)" --seconds "$(SECONDS)" --keys "$(KEYS)" $(if $(SHARED),--shared)

global-test: ## Write in each Region, read in the others, time it: TABLE= REGIONS=
	@$(DEPLOY) global-test $(SYSTEM)

drill: ## Pause replication (AWS FIS), lose writes on purpose, compare the ledgers: TABLE= REGIONS= [REGION=] [ITEMS=30] [STOP_ALARM=arn]
	@$(DEPLOY) drill $(SYSTEM) --region "$(REGION)" --items "$(or $(ITEMS),30)" --stop-alarm "$(STOP_ALARM)"

backup: ## Back the table up: TABLE= REGIONS=
	@$(DEPLOY) backup $(SYSTEM)

backup-plan: ## Daily backups by AWS Backup, kept longer or in another account: TABLE= REGIONS= [PARAMS="BackupRetentionDays=365"]
	@$(DEPLOY) backup-plan $(SYSTEM) --params "$(PARAMS)"

restore: ## Restore into a new table: TABLE= REGIONS= TO= [BACKUP=arn] [AT=2026-11-22T10:30:00Z]
	@$(DEPLOY) restore $(SYSTEM) --to "$(TO)" --backup "$(BACKUP)" --at "$(AT)"

add-region: ## One more replica, its policy, its processor: TABLE= REGIONS= REGION=
	@$(DEPLOY) add-region $(SYSTEM) --region "$(REGION)" --params "$(PARAMS)" --before-build
	$(BUILD)
	@$(DEPLOY) add-region $(SYSTEM) --region "$(REGION)" --params "$(PARAMS)"

remove-region: ## One replica less, with its processor, said first what is lost: TABLE= REGIONS= REGION=
	@$(DEPLOY) remove-region $(SYSTEM) --region "$(REGION)"

destroy: ## Delete the stacks; data stays, and deletion protection stops it: TABLE= REGIONS=
	@$(DEPLOY) destroy $(SYSTEM)
