namespace ILGPU.IR.Intrinsics;

/// <summary>Marks a function that ILGPU's compiler may replace.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IntrinsicImplementationAttribute : Attribute;
