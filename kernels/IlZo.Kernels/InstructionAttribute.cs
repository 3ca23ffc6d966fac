namespace IlZo.Kernels;

/// <summary>
/// The PTX that a function of <see cref="DeviceMath"/>, <see cref="Pairs"/> or <see cref="TensorCores.Instructions"/> stands for on NVIDIA
/// GPUs. %0, %1, … are the numbers of the result, field by field, then those of the arguments.
/// </summary>
/// <param name="text">The text.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InstructionAttribute(string text) : Attribute
{
    public string Text => text;
}
