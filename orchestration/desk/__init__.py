"""The desk: pages for schools and bureau. Here lives what Django serves, its accounts, its log and its quarantine.

Nothing is judged, received, decided or published here: pages call the functions that the command line calls, so that
what is done at the desk leaves archive, registry and warehouse as the command line does. No other room knows Django.
"""
