"""The command line, one file per part of the way; what each command does stands in the rooms."""
