namespace IlZo.Ptx.Syntax;

/// <summary>A statement of a function's body.</summary>
public abstract record PtxStatement;

/// <summary>The brace that opens a scope of names.</summary>
public sealed record ScopeStart : PtxStatement;

/// <summary>The brace that closes it.</summary>
public sealed record ScopeEnd : PtxStatement;

/// <summary>A place that branches go to.</summary>
/// <param name="Name">Its name.</param>
public sealed record Label(string Name) : PtxStatement;

/// <summary>A declaration of registers or of memory.</summary>
/// <param name="Space">.reg, .shared, .local or .param.</param>
/// <param name="Type">The type of an element.</param>
/// <param name="Name">The name.</param>
/// <param name="Count">How many registers, name0 to name(Count−1); null for one of just that name.</param>
/// <param name="Length">How many elements of memory; null for one, 0 where the launch decides.</param>
/// <param name="Alignment">The alignment of memory in bytes.</param>
public sealed record Declaration(string Space, PtxType Type, string Name, int? Count, int? Length, int Alignment) : PtxStatement;

/// <summary>An instruction.</summary>
/// <param name="Text">As it is written, for messages.</param>
/// <param name="Opcode">With all modifiers.</param>
/// <param name="Guard">The predicate that lanes need to execute it; null for none.</param>
/// <param name="IsNegated">Whether the predicate must be false.</param>
/// <param name="Operands">The operands.</param>
public sealed record Instruction(string Text, string Opcode, string? Guard, bool IsNegated, IReadOnlyList<Operand> Operands) : PtxStatement;

/// <summary>An operand.</summary>
public abstract record Operand;

/// <summary>A register, a variable or a label.</summary>
/// <param name="Name">Its name.</param>
public sealed record NameOperand(string Name) : Operand;

/// <summary>A number.</summary>
/// <param name="Bits">Its bits: of an integer 64, of a floating-point number as many as its type has.</param>
/// <param name="Type">.f32 or .f64 where it is written as such; null for an integer, which takes any type.</param>
public sealed record NumberOperand(ulong Bits, PtxType? Type) : Operand;

/// <summary>An address in memory.</summary>
/// <param name="Base">A register or a variable; null where the address is a number.</param>
/// <param name="Offset">Bytes from there.</param>
public sealed record AddressOperand(string? Base, long Offset) : Operand;

/// <summary>Several operands in braces.</summary>
/// <param name="Elements">They.</param>
public sealed record VectorOperand(IReadOnlyList<Operand> Elements) : Operand;
