"""In which order the twin visits the pages of a round."""


def visiting_order(n: int, order: str) -> list[int]:
    """Return the pages in the order in which a round visits them."""
    if order == "ascending":
        return list(range(n))
    bits = (n - 1).bit_length()
    result = []
    for i in range(n):
        page = i
        while True:
            for _ in range(10):
                if bits:
                    page = (page << 1) % (1 << bits) | page >> (bits - 1)
            if page < n:
                break
        result.append(page)
    return result
