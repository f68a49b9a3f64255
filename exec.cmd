@rem The scripts of package.json begin with a shell's `exec`; Windows, which has none, finds this one.
@%*
