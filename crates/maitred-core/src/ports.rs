//! Ports: what one domain needs of another, wired by the server and by nobody else.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// The implementations there are in this binary, by port trait.
#[derive(Default)]
pub struct Ports {
    by_type: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    names: Vec<&'static str>,
}

impl Ports {
    /// Adds an implementation of a port. A port may have several: every domain can answer a search.
    pub fn provide<P: ?Sized + Send + Sync + 'static>(&mut self, port: Arc<P>) {
        self.names.push(std::any::type_name::<P>());
        let slot = self.by_type.entry(TypeId::of::<P>()).or_insert_with(|| Box::new(Vec::<Arc<P>>::new()));
        if let Some(list) = slot.downcast_mut::<Vec<Arc<P>>>() {
            list.push(port);
        }
    }

    /// Every implementation, in the order of the domains.
    pub fn all<P: ?Sized + Send + Sync + 'static>(&self) -> &[Arc<P>] {
        self.by_type
            .get(&TypeId::of::<P>())
            .and_then(|slot| slot.downcast_ref::<Vec<Arc<P>>>())
            .map_or(&[], Vec::as_slice)
    }

    /// The first implementation, if the domain that gives it is compiled in.
    pub fn one<P: ?Sized + Send + Sync + 'static>(&self) -> Option<&Arc<P>> {
        self.all::<P>().first()
    }

    /// True when somebody provides the port with this type name.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}
