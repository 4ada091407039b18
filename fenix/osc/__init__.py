"""``openstack maintenance ...``: a plug-in of python-openstackclient."""
