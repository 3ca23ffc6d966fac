using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace IlZo.Core.Tests.Architecture;

/// <summary>A reference from a type of one folder to one of another; the folders are the first parts of their namespaces.</summary>
/// <param name="From">The folder of the type that refers.</param>
/// <param name="To">The folder of the type that it refers to.</param>
/// <param name="Example">One such pair of types.</param>
internal sealed record FolderReference(string From, string To, string Example);

/// <summary>Which folders of an assembly know which, by its metadata and the instructions of its methods.</summary>
internal sealed class TypeReferences
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly ImmutableDictionary<short, OpCode> s_operations = typeof(OpCodes).GetFields()
        .Select(f => (OpCode)f.GetValue(null)!).ToImmutableDictionary(o => o.Value);

    private readonly Assembly _assembly;
    private readonly Dictionary<(string From, string To), string> _between = [];

    public TypeReferences(Assembly assembly)
    {
        _assembly = assembly;
        Type[] types = [.. assembly.GetTypes().Where(t => Folder(t) is not null)];
        Folders = [.. types.Select(t => Folder(t)!).Distinct()];
        foreach (var type in types)
        {
            foreach (var other in Of(type).SelectMany(Parts).Where(t => t.Assembly == assembly))
            {
                if (Folder(other) is { } to && Folder(type) is { } from && to != from)
                {
                    _between.TryAdd((from, to), $"{Outer(type).Name} knows {Outer(other).Name}");
                }
            }
        }
    }

    public IReadOnlyList<string> Folders { get; }

    public IEnumerable<FolderReference> Between => _between.Select(p => new FolderReference(p.Key.From, p.Key.To, p.Value));

    /// <summary>The folder of a type, by its name alone.</summary>
    public string FolderOf(string name) =>
        Folder(_assembly.GetTypes().Single(t => t.DeclaringType is null && t.Name.Split('`')[0] == name))!;

    private static IEnumerable<Type> Of(Type type) =>
    [
        .. type.BaseType is { } parent ? [parent] : Type.EmptyTypes,
        .. type.GetInterfaces(),
        .. Constraints(type.IsGenericType ? type.GetGenericArguments() : []),
        .. type.GetFields(All).Select(f => f.FieldType),
        .. type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)).SelectMany(Of),
    ];

    private static IEnumerable<Type> Of(MethodBase method)
    {
        var signature = method.GetParameters().Select(p => p.ParameterType).Concat(
            method is MethodInfo { ReturnType: var result } ? [result] : []);
        var constraints = Constraints(method.IsGenericMethod ? method.GetGenericArguments() : []);
        return method.GetMethodBody() is { } body
            ? [.. signature, .. constraints, .. body.LocalVariables.Select(v => v.LocalType), .. Instructions(
                method, body.GetILAsByteArray()!)]
            : [.. signature, .. constraints];
    }

    private static IEnumerable<Type> Constraints(Type[] arguments) =>
        arguments.Where(a => a.IsGenericParameter).SelectMany(a => a.GetGenericParameterConstraints());

    // What the instructions' tokens stand for: types, and the types that methods and fields are of.
    private static IEnumerable<Type> Instructions(MethodBase method, byte[] code)
    {
        Type[] ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : [];
        Type[] ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : [];
        for (int at = 0; at < code.Length;)
        {
            short value = code[at] == 0xFE ? (short)(0xFE00 | code[at + 1]) : code[at];
            var operation = s_operations[value];
            at += operation.Size;
            switch (operation.OperandType)
            {
                case OperandType.InlineType or OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineTok:
                    foreach (var type in Of(method.Module.ResolveMember(BitConverter.ToInt32(code, at), ofType, ofMethod)!))
                    {
                        yield return type;
                    }

                    at += 4;
                    break;
                case OperandType.InlineSwitch:
                    at += 4 + (4 * BitConverter.ToInt32(code, at));
                    break;
                default:
                    at += Size(operation.OperandType);
                    break;
            }
        }
    }

    private static IEnumerable<Type> Of(MemberInfo member) => member switch
    {
        Type type => [type],
        MethodInfo { IsGenericMethod: true } method => [method.DeclaringType!, .. method.GetGenericArguments()],
        _ => [member.DeclaringType!],
    };

    private static int Size(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    // A list of a type knows the type.
    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericParameter ? []
        : type.IsGenericType ? [type, .. type.GetGenericArguments().SelectMany(Parts)]
        : [type];

    private static Type Outer(Type type) => type.DeclaringType is { } outer ? Outer(outer) : type;

    // Types that the compiler adds are nobody's.
    private string? Folder(Type type) =>
        type.Assembly == _assembly && Outer(type).Namespace is { } name && name.Split('.') is ["IlZo", var folder, ..]
            && !Outer(type).IsDefined(typeof(CompilerGeneratedAttribute), false)
            ? folder
            : null;
}
