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

    /// <summary>How a round computes: a processor and a GPU kernel have each their own way.</summary>
    public interface IArithmetic
    {
        /// <summary>The two words of a product.</summary>
        static abstract (uint Low, uint High) Multiply(uint a, uint b);

        /// <summary>a ⊕ b ⊕ c.</summary>
        static abstract uint Xor(uint a, uint b, uint c);
    }

    /// <summary>The four words of one counter under one key.</summary>
    public static (uint W0, uint W1, uint W2, uint W3) Block(ulong key, uint c0, uint c1, uint c2, uint c3) =>
        Block<HostArithmetic>(key, c0, c1, c2, c3);

    /// <inheritdoc cref="Block(ulong, uint, uint, uint, uint)"/>
    // Ten rounds in words, not in a loop: ILGPU keeps loops, and their counters, branches and copies cost as much as a round.
    public static (uint W0, uint W1, uint W2, uint W3) Block<TArithmetic>(ulong key, uint c0, uint c1, uint c2, uint c3)
        where TArithmetic : struct, IArithmetic
    {
        uint k0 = (uint)key;
        uint k1 = (uint)(key >> 32);
        var words = Round<TArithmetic>((c0, c1, c2, c3), k0, k1);
        words = Round<TArithmetic>(words, k0 + Weyl0, k1 + Weyl1);
        words = Round<TArithmetic>(words, k0 + unchecked(2 * Weyl0), k1 + unchecked(2 * Weyl1));
        words = Round<TArithmetic>(words, k0 + unchecked(3 * Weyl0), k1 + unchecked(3 * Weyl1));
        words = Round<TArithmetic>(words, k0 + unchecked(4 * Weyl0), k1 + unchecked(4 * Weyl1));
        words = Round<TArithmetic>(words, k0 + unchecked(5 * Weyl0), k1 + unchecked(5 * Weyl1));
        words = Round<TArithmetic>(words, k0 + unchecked(6 * Weyl0), k1 + unchecked(6 * Weyl1));
        words = Round<TArithmetic>(words, k0 + unchecked(7 * Weyl0), k1 + unchecked(7 * Weyl1));
        words = Round<TArithmetic>(words, k0 + unchecked(8 * Weyl0), k1 + unchecked(8 * Weyl1));
        return Round<TArithmetic>(words, k0 + unchecked(9 * Weyl0), k1 + unchecked(9 * Weyl1));
    }

    private static (uint W0, uint W1, uint W2, uint W3) Round<TArithmetic>(
        (uint W0, uint W1, uint W2, uint W3) counter, uint k0, uint k1)
        where TArithmetic : struct, IArithmetic
    {
        var (low0, high0) = TArithmetic.Multiply(Multiplier0, counter.W0);
        var (low1, high1) = TArithmetic.Multiply(Multiplier1, counter.W2);
        return (TArithmetic.Xor(high1, counter.W1, k0), low1, TArithmetic.Xor(high0, counter.W3, k1), low0);
    }

    private readonly struct HostArithmetic : IArithmetic
    {
        public static (uint Low, uint High) Multiply(uint a, uint b)
        {
            ulong product = (ulong)a * b;
            return ((uint)product, (uint)(product >> 32));
        }

        public static uint Xor(uint a, uint b, uint c) => a ^ b ^ c;
    }
}
