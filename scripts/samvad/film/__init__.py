"""What is known of a film besides its sound: metadata, people, glossary, names."""
