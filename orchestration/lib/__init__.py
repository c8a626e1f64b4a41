"""What the faces share: the asset graph, keys, partitions, recovery, what is seen for the alerts.

No definition of Dagster stands here.
"""
