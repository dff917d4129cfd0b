"""What is made of records afterwards: answers, figures, pages, archives."""
