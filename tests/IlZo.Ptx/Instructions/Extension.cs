using System.Runtime.CompilerServices;

namespace IlZo.Ptx.Instructions;

/// <summary>Makes the low bits of a register, an integer of some type, one of 64 bits: by its sign, or by zeros.</summary>
/// <param name="type">The type.</param>
internal readonly struct Extension(PtxType type)
{
    private readonly int _rest = 64 - (8 * type.Bytes());
    private readonly bool _isSigned = type.IsSigned();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(ulong bits) => _isSigned ? (ulong)((long)(bits << _rest) >> _rest) : bits << _rest >> _rest;
}

/// <summary>What a register holds of an integer that may be narrower: the integer with its sign, and zeros above the register.</summary>
/// <param name="type">The type of the integer.</param>
/// <param name="register">The type of the register.</param>
internal readonly struct Widening(PtxType type, PtxType register)
{
    private readonly Extension _extension = new(type);
    private readonly ulong _mask = ulong.MaxValue >> (64 - (8 * register.Bytes()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(ulong bits) => _extension.Of(bits) & _mask;
}
