using System.Reflection;

namespace IlZo.Gpu;

/// <summary>What a kernel is called where a user reads of it: as in C#, with the types that it is compiled for.</summary>
internal static class KernelName
{
    /// <summary>As <c>ReadRows.Run&lt;F16Format, NormalDirection, TwoProbes&gt;</c>.</summary>
    public static string Of(MethodInfo kernel) =>
        $"{Name(kernel.DeclaringType!)}.{kernel.Name}{Arguments(kernel.IsGenericMethod ? kernel.GetGenericArguments() : [])}";

    private static string Name(Type type) =>
        type == typeof(float) ? "float" : $"{type.Name.Split('`')[0]}{Arguments(type.GetGenericArguments())}";

    private static string Arguments(Type[] types) => types.Length == 0 ? string.Empty : $"<{string.Join(", ", types.Select(Name))}>";
}
