"""Airbyte's checks of a connector that apply to a destination in any language. Run in a copy of Airbyte's layout."""

import sys
from pathlib import Path

from airbyte_ops_mcp.connector_ops.utils import Connector
from airbyte_ops_mcp.connector_qa.checks import ENABLED_CHECKS
from airbyte_ops_mcp.metadata_validator import PRE_UPLOAD_VALIDATORS, ValidatorOptions, validate_and_load

# Checks that do not apply, each with the reason. Every other check has to pass.
NOT_APPLICABLE = {
    "ValidateMetadata": "asks Docker Hub; its validators run below without that",
    "CheckConnectorLanguageTag": "knows Java, Python and manifests only",
    "CheckConnectorCDKTag": "for connectors that are built on a CDK of Airbyte's",
    "CheckConnectorUsesPoetry": "for Python",
    "CheckConnectorLicenseMatchInPyproject": "for Python",
    "CheckConnectorVersionMatchInPyproject": "for Python",
    "CheckPublishToPyPiIsDeclared": "for Python",
    "CheckManifestOnlyConnectorBaseImage": "for manifests",
    "CheckConnectorUsesPythonBaseImage": "for Python",
    "CheckVersionIncrement": "asks Docker Hub",
    "CheckDocumentationLinks": "asks the internet",
    "CheckConnectorMaxSecondsBetweenMessagesValue": "for sources",
    "CheckSourceSectionContent": "for sources",
    "CheckForAirbyteCloudSectionContent": "for sources",
    "CheckForAirbyteOpenSectionContent": "for sources",
    "CheckSupportedSyncModesSectionContent": "for sources: it wants the words `source connector`",
    "CheckDocumentationHeadersOrder": "for sources: it wants `Supported Streams`",
    "CheckTutorialsSectionContent": "for sources",
    "CheckChangelogSectionContent": "for sources",
}


def main():
    connector = Connector("destination-redis")
    failed = 0

    def report(name, message):
        nonlocal failed
        failed += message is not None
        print(f"{'failed' if message else 'passed'}: {name}" + (f"\n  {message}" if message else ""))

    for check in ENABLED_CHECKS:
        kind = type(check).__name__
        if kind in NOT_APPLICABLE:
            print(f"does not apply: {check.name} ({NOT_APPLICABLE[kind]})")
            continue
        # `run` gives up on a language that it does not know, before any check has looked at anything.
        result = check._run(connector)
        report(check.name, None if result.status.name == "PASSED" else result.message)

    options = ValidatorOptions(docs_path=str(connector.documentation_file_path), disable_dockerhub_checks=True)
    for validator in PRE_UPLOAD_VALIDATORS:
        _, error = validate_and_load(Path(connector.metadata_file_path), [validator], options)
        report(f"the model of metadata.yaml, and {validator.__name__}", error)

    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
