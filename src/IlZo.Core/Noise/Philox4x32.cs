namespace IlZo.Noise;

/// <summary>
/// The counter-based generator Philox4x32-10: a keyed bijection of 128-bit counters, so that every random word is a pure
/// function of its place and nothing has to be stored or drawn in order.
/// Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011; the known answers of Random123 hold.
/// </summary>
internal static class Philox4x32
{
    internal const uint Multiplier0 = 0xD2511F53;
    internal const uint Multiplier1 = 0xCD9E8D57;
    internal const uint Weyl0 = 0x9E3779B9;
    internal const uint Weyl1 = 0xBB67AE85;
    internal const int Rounds = 10;

    /// <summary>The four words of one counter under one key.</summary>
    public static (uint W0, uint W1, uint W2, uint W3) Block(ulong key, uint c0, uint c1, uint c2, uint c3)
    {
        uint k0 = (uint)key;
        uint k1 = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0;
            ulong p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }
}
