"""The assets, in the order of the flow: submissions → transform → release; and what starts them: automation."""
