namespace IlZo.Tensors;

/// <summary>How the elements of a row lie in memory: in blocks, of one element where each has an address of its own.</summary>
/// <param name="BlockElements">Elements of a block.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
internal readonly record struct StoredLayout(int BlockElements, int BlockBytes)
{
    /// <summary>Bytes that whole blocks take.</summary>
    /// <param name="elements">A multiple of <see cref="BlockElements"/>.</param>
    /// <exception cref="OverflowException">They exceed 63 bits.</exception>
    public long Bytes(long elements) => checked(elements / BlockElements * BlockBytes);
}
