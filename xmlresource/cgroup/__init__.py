"""The cgroup that accounts a guest's memory, and the writes that put its policy in force.

Pure: it turns the text of ``/proc`` files and the values of now into a plan, and knows how a report
of carrying it out reads. Opening those files and writing is ``system.cgroups``' part.
"""
