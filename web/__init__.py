"""What people and programs see of Steward: pages, the API and the command line."""
