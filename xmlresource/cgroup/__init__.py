"""Where a guest's memory is accounted, and which writes put its policy in force there.

Pure: it turns the text of ``/proc`` files and the values of now into a plan, and knows how a report
of carrying it out reads. Opening those files and writing is ``system.cgroups``' part.
"""
