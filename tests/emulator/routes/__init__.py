"""The routes, one module an area. Importing a module registers its routes."""
