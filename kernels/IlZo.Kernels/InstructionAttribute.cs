namespace IlZo.Kernels;

/// <summary>
/// The PTX that a function of <see cref="DeviceMath"/>, <see cref="Pairs"/>, <see cref="TensorCores.Instructions"/> or
/// <see cref="TensorCores.WarpgroupInstructions"/> stands for on NVIDIA GPUs. %0, %1, … are the numbers of the result, field by field, then
/// those of the arguments.
/// </summary>
/// <param name="text">The text.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InstructionAttribute(string text) : Attribute
{
    public string Text => text;

    /// <summary>
    /// Whether the first argument's numbers are those of the result, which the text changes: they have no places of their own.
    /// </summary>
    public bool Accumulates { get; init; }
}
