//! The page's `view!`: the syntax of Leptos' own, for a tree of one type.
//!
//! Leptos gives every piece of a view a type of its own, and every such type its own copy of the
//! code that builds, updates and removes it. That is quick, and it is most of a page's weight. Here an
//! element is data (`crate::ui::element::El`): a tag, its parts, its children. Components stay what
//! they are in Leptos: their nodes are handed on to its macro, with our elements as children.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use rstml::node::{KeyedAttribute, Node, NodeAttribute, NodeBlock, NodeElement};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Lit};

/// Builds what is shown, from the syntax of Leptos' `view!`.
#[proc_macro]
pub fn view(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let config = rstml::ParserConfig::default().recover_block(true);
    let (nodes, errors) =
        rstml::Parser::new(config).parse_recoverable(TokenStream::from(input)).split_vec();
    let errors = errors.into_iter().map(|e| e.emit_as_expr_tokens());
    let built = several(&nodes);
    quote! { { #(#errors;)* #built } }.into()
}

/// Several nodes side by side: one is itself, more are a list of fixed length.
fn several(nodes: &[Node]) -> TokenStream {
    let mut flat = Vec::new();
    flatten(nodes, &mut flat);
    match flat.as_slice() {
        [] => quote! { () },
        [Node::Element(element)] => root(element),
        [Node::Block(block)] => value(block),
        [one] => child(one),
        many => {
            let many = many.iter().map(|node| child(node));
            quote! { crate::ui::element::side_by_side(::std::vec![#(#many),*]) }
        }
    }
}

fn flatten<'a>(nodes: &'a [Node], flat: &mut Vec<&'a Node>) {
    for node in nodes {
        match node {
            Node::Fragment(fragment) => flatten(&fragment.children, flat),
            Node::Comment(_) | Node::Doctype(_) => {}
            _ => flat.push(node),
        }
    }
}

fn root(element: &NodeElement<rstml::Infallible>) -> TokenStream {
    if is_component(element) { component(element) } else { plain(element) }
}

/// A component starts with a capital letter, as in Rust and in JSX.
fn is_component(element: &NodeElement<rstml::Infallible>) -> bool {
    let name = element.open_tag.name.to_string();
    name.rsplit("::").next().is_some_and(|last| last.starts_with(char::is_uppercase))
}

/// A component is Leptos' business; what stands in it is ours.
fn component(element: &NodeElement<rstml::Infallible>) -> TokenStream {
    let (name, generics, attributes) =
        (&element.open_tag.name, &element.open_tag.generics, &element.open_tag.attributes);
    if element.children.is_empty() {
        return quote! { ::leptos::view! { <#name #generics #(#attributes)*/> } };
    }
    let children = several(&element.children);
    quote! { ::leptos::view! { <#name #generics #(#attributes)*>{#children}</#name> } }
}

/// A node as one of several children: erased.
fn child(node: &Node) -> TokenStream {
    match node {
        Node::Element(element) if is_component(element) => {
            let made = component(element);
            quote! { crate::ui::element::any(#made) }
        }
        Node::Element(element) => {
            let made = plain(element);
            quote! { #made.any() }
        }
        Node::Text(text) => {
            let text = &text.value;
            quote! { crate::ui::element::text(#text) }
        }
        Node::RawText(raw) => {
            let text = raw.to_string_best();
            quote! { crate::ui::element::text(#text) }
        }
        Node::Block(block) => {
            let span = block.span();
            let value = value(block);
            quote_spanned! { span=> {
                #[allow(unused_imports)]
                use crate::ui::element::{ByClosure as _, ByView as _};
                (crate::ui::element::Child::new(#value)).child()
            } }
        }
        Node::Fragment(_) | Node::Comment(_) | Node::Doctype(_) | Node::Custom(_) => quote! {},
    }
}

/// What a block in braces gives, without needless braces.
fn value(block: &NodeBlock) -> TokenStream {
    if let Some(block) = block.try_block()
        && let [syn::Stmt::Expr(expr, None)] = block.stmts.as_slice()
    {
        return expr.to_token_stream();
    }
    block.to_token_stream()
}

fn plain(element: &NodeElement<rstml::Infallible>) -> TokenStream {
    let tag = element.open_tag.name.to_string();
    let mut fixed = Vec::new();
    let mut parts = Vec::new();
    for attribute in &element.open_tag.attributes {
        match attribute {
            NodeAttribute::Attribute(attribute) => match literal(attribute) {
                Some((name, text)) => fixed.push(quote! { (#name, #text) }),
                None => parts.push(part(attribute)),
            },
            NodeAttribute::Block(block) => {
                parts.push(quote_spanned! { block.span()=> compile_error!("an attribute needs a name") });
            }
        }
    }
    let mut flat = Vec::new();
    flatten(&element.children, &mut flat);
    let children = flat.iter().map(|node| match node {
        Node::Text(text) => {
            let text = &text.value;
            quote! { .text(#text) }
        }
        Node::Element(element) if !is_component(element) => {
            let made = plain(element);
            quote! { .element(#made) }
        }
        node => {
            let made = child(node);
            quote! { .child(#made) }
        }
    });
    let new = if is_svg(&tag) {
        quote! { new_svg }
    } else {
        quote! { new }
    };
    quote! { crate::ui::element::El::#new(#tag, &[#(#fixed),*]) #(#parts)* #(#children)* }
}

/// Elements of SVG. `a`, `style` and `script` are taken for those of HTML.
fn is_svg(tag: &str) -> bool {
    const SVG: [&str; 20] = [
        "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan",
        "title", "desc", "defs", "pattern", "marker", "use", "mask", "clipPath", "symbol",
    ];
    SVG.contains(&tag)
}

/// An attribute with nothing to compute.
fn literal(attribute: &KeyedAttribute) -> Option<(String, String)> {
    let name = attribute.key.to_string();
    if name.contains(':') || name == "node_ref" {
        return None;
    }
    match attribute.value() {
        None => Some((name, String::new())),
        Some(Expr::Lit(literal)) if !matches!(literal.lit, Lit::Bool(_)) => {
            Some((name, attribute.value_literal_string()?))
        }
        Some(_) => None,
    }
}

fn part(attribute: &KeyedAttribute) -> TokenStream {
    let name = attribute.key.to_string();
    let value = match attribute.value() {
        None => quote! { true },
        // Parentheses that end at a `>` in a tag are none in a call.
        Some(Expr::Paren(inner)) => inner.expr.to_token_stream(),
        Some(value) => value.to_token_stream(),
    };
    let span = value.span();
    if name == "node_ref" {
        return quote_spanned! { span=> .node_ref(#value) };
    }
    // Leptos' other way to write a property of the style.
    if let ("style", Some(Expr::Tuple(pair))) = (name.as_str(), attribute.value())
        && pair.elems.len() == 2
    {
        let pair = &pair.elems;
        let (name, value) = (&pair[0], &pair[1]);
        return quote_spanned! { span=> .style(#name, #value) };
    }
    match name.split_once(':') {
        None => quote_spanned! { span=> .attr(#name, #value) },
        Some(("class", name)) => quote_spanned! { span=> .class(#name, #value) },
        Some(("style", name)) => quote_spanned! { span=> .style(#name, #value) },
        Some(("prop", name)) => quote_spanned! { span=> .prop(#name, #value) },
        Some(("on", name)) => {
            // The event's own name in Leptos knows its type, so that a closure needs no annotation.
            let event = Ident::new(name, Span::call_site());
            quote_spanned! { span=>
                .on::<<::leptos::ev::#event as ::leptos::tachys::html::event::EventDescriptor>::EventType, _>(
                    #name, #value
                )
            }
        }
        Some(_) => quote_spanned! { span=> compile_error!("no such kind of attribute") },
    }
}
