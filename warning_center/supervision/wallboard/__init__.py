"""The big screen: what stands on it now, and its doors, which lead nowhere else."""
