using System.Reflection;
using System.Runtime.Loader;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests.Torch;

/// <summary>
/// Every public member of the tensor library underneath exists in the official TorchSharp, under the same name, with the same parameters (a
/// shorter list where the rest is optional). Needs the official assembly: PARIS_TORCHSHARP names its file.
/// </summary>
public sealed class OfficialSignaturesTests
{
    private const BindingFlags Members = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    [OfficialAssemblyFact]
    public void Nothing_is_used_that_the_official_library_lacks()
    {
        var official = new AssemblyLoadContext("official").LoadFromAssemblyPath(Path.GetFullPath(OfficialAssemblyFactAttribute.Path!));
        var missing = new List<string>();
        foreach (var type in typeof(Tensor).Assembly.GetTypes().Where(t => t.IsVisible))
        {
            if (official.GetType(type.FullName!) is not { } counterpart)
            {
                missing.Add(type.FullName!);
                continue;
            }

            var theirs = Callables(counterpart, inherited: true);
            missing.AddRange(Callables(type, inherited: false)
                .Where(ours => !theirs.Exists(their => Fits(ours, their)))
                .Select(ours => $"{type.FullName}.{ours.Name}({string.Join(", ", ours.GetParameters().Select(p => p.ParameterType.Name + " " + p.Name))})"));
            missing.AddRange(type.GetFields(Members | BindingFlags.DeclaredOnly)
                .Where(f => f.IsPublic && f.Name != "value__" && counterpart.GetField(f.Name, Members) is null && counterpart.GetProperty(f.Name, Members) is null)
                .Select(f => $"{type.FullName}.{f.Name}"));
        }

        Assert.Empty(missing);
    }

    private static List<MethodBase> Callables(Type type, bool inherited)
    {
        var result = new List<MethodBase>();
        for (var t = type; t is not null && t != typeof(object); t = inherited ? t.BaseType : null)
        {
            result.AddRange(t.GetMethods(Members | BindingFlags.DeclaredOnly).Where(m => m.Name != "Finalize"));
            result.AddRange(t.GetConstructors(Members));
        }

        return result.FindAll(m => m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly);
    }

    private static bool Fits(MethodBase ours, MethodBase theirs)
    {
        var (a, b) = (ours.GetParameters(), theirs.GetParameters());
        return ours.Name == theirs.Name
            && a.Length <= b.Length
            && a.Zip(b).All(p => p.First.Name == p.Second.Name && Name(p.First.ParameterType) == Name(p.Second.ParameterType))
            && b.Skip(a.Length).All(p => p.IsOptional)
            && (ours is not MethodInfo our || theirs is not MethodInfo their || Name(our.ReturnType) == Name(their.ReturnType));
    }

    /// <summary>A type's name without its assembly, which differs between the two libraries.</summary>
    private static string Name(Type type) =>
        type.IsGenericParameter ? "!" + type.GenericParameterPosition
        : type.HasElementType ? Name(type.GetElementType()!) + (type.IsArray ? "[]" : "&")
        : type.IsGenericType ? type.GetGenericTypeDefinition().FullName + "<" + string.Join(",", type.GetGenericArguments().Select(Name)) + ">"
        : type.FullName!;
}
