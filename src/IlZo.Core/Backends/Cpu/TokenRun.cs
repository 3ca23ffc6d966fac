namespace IlZo.Backends.Cpu;

/// <summary>Tokens of a text at adjacent addresses: they lie in one panel.</summary>
/// <param name="Position">The position of the first one in its text.</param>
/// <param name="Token">Its place in the batch.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct TokenRun(int Position, int Token, int Count);
