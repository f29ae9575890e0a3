"""The drill: traffic, faults and kills for a real instance, and a judge who counts."""
