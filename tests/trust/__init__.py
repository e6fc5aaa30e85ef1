"""The fault matrix: who fails, when and how; and the page that shows what was expected and seen."""
